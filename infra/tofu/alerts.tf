locals {
  alerts  = yamldecode(file("${path.module}/alerts.yaml"))
  counted = { for name, alert in local.alerts : name => alert if can(alert.log) }

  # What an alert watches: a count of ours, or a measure of Google's.
  watched = {
    for name, alert in local.alerts : name => can(alert.log)
    ? "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.counted[name].name}\""
    : alert.metric
  }
}

resource "google_logging_metric" "counted" {
  for_each    = local.counted
  name        = "${local.manifest.service}/${each.key}"
  description = each.value.title
  filter      = "resource.type=\"cloud_run_revision\" AND ${each.value.log}"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }

  depends_on = [google_project_service.used]
}

resource "google_monitoring_alert_policy" "alert" {
  for_each              = local.alerts
  display_name          = "${local.manifest.service}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels

  documentation {
    subject   = each.value.title
    mime_type = "text/markdown"
    content   = file("${path.module}/../playbooks/${each.key}.md")
  }

  conditions {
    display_name = each.key

    dynamic "condition_threshold" {
      for_each = can(each.value.above) ? [each.value] : []
      content {
        filter          = local.watched[each.key]
        comparison      = "COMPARISON_GT"
        threshold_value = condition_threshold.value.above
        duration        = "${try(condition_threshold.value.lasting, 0)}s"

        aggregations {
          alignment_period     = "${condition_threshold.value.window}s"
          per_series_aligner   = can(condition_threshold.value.log) ? "ALIGN_DELTA" : "ALIGN_MAX"
          cross_series_reducer = can(condition_threshold.value.log) ? "REDUCE_SUM" : "REDUCE_MAX"
        }
      }
    }

    dynamic "condition_absent" {
      for_each = can(each.value.absent) ? [each.value] : []
      content {
        filter   = local.watched[each.key]
        duration = "${condition_absent.value.absent}s"

        aggregations {
          alignment_period     = "300s"
          per_series_aligner   = "ALIGN_DELTA"
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }

  depends_on = [google_project_service.used]
}
