# Cloud Run logs every request by itself, with its full address. A browser that comes back from Google has Google's
# `code` and our `state` in it, and who reads logs must not get hold of them. So the request log of what browsers call
# is dropped before it is stored. Only that log, of only those services: what our code logs stays, its own "request"
# line included, which has the route and no query.
#
# No alert depends on it: they count our own lines, and Google's measures (run.googleapis.com/request_count) are not
# made from logs. It holds for this project's own log bucket; another sink, of the project or above it, needs the same.
resource "google_logging_project_exclusion" "addresses" {
  for_each = {
    for name, f in google_cloudfunctions2_function.function : name => basename(f.service_config[0].service)
    if contains(local.functions[name].called_by, "browser")
  }
  project     = var.project
  name        = "${local.manifest.service}-addresses-of-${each.key}"
  description = "Addresses that a browser calls ${each.key} with hold one-time secrets"
  filter = join(" AND ", [
    "log_id(\"run.googleapis.com/requests\")",
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.location=\"${local.region}\"",
    "resource.labels.service_name=\"${each.value}\"",
  ])

  depends_on = [google_project_service.used]
}
