# One account per function: what a function may do is what its row in the manifest says, and no more.
resource "google_service_account" "function" {
  for_each     = local.functions
  account_id   = "fn-${replace(each.key, "_", "-")}"
  display_name = each.value.title

  depends_on = [google_project_service.used]
}

# Builds get an account of their own, so that the project's default account, which may do nearly all, is never used.
resource "google_service_account" "build" {
  account_id   = "function-builds"
  display_name = "Builds functions from their zips"

  depends_on = [google_project_service.used]
}

resource "google_project_iam_member" "build" {
  project = var.project
  role    = "roles/cloudbuild.builds.builder"
  member  = "serviceAccount:${google_service_account.build.email}"
}

resource "google_storage_bucket" "artefacts" {
  name                        = "${var.project}-${local.manifest.service}-artefacts"
  location                    = local.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket_object" "artefact" {
  for_each = local.functions
  bucket   = google_storage_bucket.artefacts.name
  name     = "${each.key}-${filesha256("${path.module}/${var.artefacts}/${each.key}.zip")}.zip"
  source   = "${path.module}/${var.artefacts}/${each.key}.zip"
}

resource "google_cloudfunctions2_function" "function" {
  for_each    = local.functions
  name        = each.key
  location    = local.region
  description = each.value.title

  build_config {
    runtime         = local.manifest.runtime
    entry_point     = each.key
    service_account = google_service_account.build.id

    source {
      storage_source {
        bucket = google_storage_bucket.artefacts.name
        object = google_storage_bucket_object.artefact[each.key].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    environment_variables            = local.environment
    available_memory                 = each.value.memory
    available_cpu                    = tostring(each.value.cpu)
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = each.value.instances.min
    max_instance_count               = each.value.instances.max
    timeout_seconds                  = each.value.timeout
    ingress_settings                 = contains(local.behind_balancer, each.key) ? "ALLOW_INTERNAL_AND_GCLB" : contains(local.public, each.key) ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision   = true
  }

  depends_on = [google_project_service.used, google_project_iam_member.build]
}

# Anyone may reach a public function: it checks the caller's token itself. Nobody reaches the others but one account.
resource "google_cloud_run_v2_service_iam_member" "public" {
  for_each = local.public
  project  = var.project
  location = local.region
  name     = basename(google_cloudfunctions2_function.function[each.key].service_config[0].service)
  role     = "roles/run.invoker"
  member   = "allUsers"

  # Nobody calls before what they call with is kept out of the logs.
  depends_on = [google_logging_project_exclusion.addresses]
}

resource "google_cloud_run_v2_service_iam_member" "scheduler" {
  for_each = toset([for s in local.manifest.schedules : s.function if !contains(local.public, s.function)])
  project  = var.project
  location = local.region
  name     = basename(google_cloudfunctions2_function.function[each.key].service_config[0].service)
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.scheduler.email}"
}

resource "google_cloud_run_v2_service_iam_member" "tasks" {
  for_each = toset([for q in local.manifest.queues : q.function if !contains(local.public, q.function)])
  project  = var.project
  location = local.region
  name     = basename(google_cloudfunctions2_function.function[each.key].service_config[0].service)
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.tasks.email}"
}
