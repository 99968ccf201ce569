# What functions may touch: single databases, secrets and queues, never the whole project's.

resource "google_project_iam_member" "database" {
  for_each = local.database_uses
  project  = var.project
  role     = each.value.reads_only ? "roles/datastore.viewer" : "roles/datastore.user"
  member   = "serviceAccount:${google_service_account.function[each.value.function].email}"

  condition {
    title      = "only database ${each.value.database}"
    expression = "resource.name == \"projects/${var.project}/databases/${local.manifest.databases[each.value.database].id}\""
  }

  # A function whose right changes has the new one before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret" "secret" {
  for_each  = local.manifest.secrets
  secret_id = each.key

  replication {
    user_managed {
      replicas {
        location = local.region
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_iam_member" "read" {
  for_each  = local.secret_uses
  project   = var.project
  secret_id = google_secret_manager_secret.secret[each.value.secret].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${google_service_account.function[each.value.function].email}"
}

# To see which version is enabled while the newest one is not; this role shows no values.
resource "google_secret_manager_secret_iam_member" "list" {
  for_each  = local.secret_uses
  project   = var.project
  secret_id = google_secret_manager_secret.secret[each.value.secret].secret_id
  role      = "roles/secretmanager.viewer"
  member    = "serviceAccount:${google_service_account.function[each.value.function].email}"
}

resource "google_cloud_tasks_queue_iam_member" "enqueue" {
  for_each = local.queue_uses
  project  = var.project
  location = local.region
  name     = google_cloud_tasks_queue.queue[each.value.queue].name
  role     = "roles/cloudtasks.enqueuer"
  member   = "serviceAccount:${google_service_account.function[each.value.function].email}"
}

# A task names the account its delivery will carry, which needs the right to act as that account.
resource "google_service_account_iam_member" "deliver_as_tasks" {
  for_each           = toset([for use in local.queue_uses : use.function])
  service_account_id = google_service_account.tasks.name
  role               = "roles/iam.serviceAccountUser"
  member             = "serviceAccount:${google_service_account.function[each.key].email}"
}
