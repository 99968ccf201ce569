# What calls functions besides people: queues and the clock, each with an account that may do nothing else.

resource "google_service_account" "tasks" {
  account_id   = "cloud-tasks-caller"
  display_name = "Cloud Tasks calls functions as this account"

  depends_on = [google_project_service.used]
}

resource "google_service_account" "scheduler" {
  account_id   = "cloud-scheduler-caller"
  display_name = "Cloud Scheduler calls functions as this account"

  depends_on = [google_project_service.used]
}

resource "google_cloud_tasks_queue" "queue" {
  for_each = local.manifest.queues
  name     = each.key
  location = local.region

  rate_limits {
    max_dispatches_per_second = each.value.rate.per_second
    max_concurrent_dispatches = each.value.rate.at_once
  }

  retry_config {
    max_attempts  = each.value.retry.attempts
    min_backoff   = "${each.value.retry.min_backoff}s"
    max_backoff   = "${each.value.retry.max_backoff}s"
    max_doublings = each.value.retry.doublings
  }

  depends_on = [google_project_service.used]
}

resource "google_cloud_scheduler_job" "schedule" {
  for_each         = local.manifest.schedules
  name             = each.key
  region           = local.region
  description      = local.functions[each.value.function].title
  schedule         = each.value.cron
  time_zone        = local.manifest.time_zone
  attempt_deadline = "${each.value.deadline}s"

  # A repeated tick goes on where the failed one stopped. After that the next one, minutes away, finds who is still due.
  retry_config {
    retry_count          = 2
    min_backoff_duration = "10s"
    max_retry_duration   = "240s"
  }

  http_target {
    uri         = "${local.machine_url}/${each.value.function}"
    http_method = "POST"

    oidc_token {
      service_account_email = google_service_account.scheduler.email
      audience              = "${local.machine_url}/${each.value.function}"
    }
  }

  depends_on = [google_project_service.used]
}
