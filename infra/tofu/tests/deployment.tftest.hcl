# Rules of the deployment, planned and applied against a provider that only pretends.

mock_provider "google" {
  mock_resource "google_cloudfunctions2_function" {
    defaults = {
      service_config = {
        service = "projects/demo/locations/asia-northeast1/services/some-service"
        uri     = "https://some-service.run.app"
      }
    }
  }
}

variables {
  project               = "demo"
  firebase_api_key      = "key"
  google_client_id      = "client"
  anchors               = "s3:anchors"
  app_link              = "https://app.example/linked"
  iap_audience          = "/projects/1/global/backendServices/2"
  notification_channels = ["projects/demo/notificationChannels/1"]

  aws_role               = "arn:aws:iam::123456789012:role/kagamino"
  mail_from              = "KAGAMINO <privacy@kagamino.example>"
  mail_configuration_set = "kagamino"
  mail_events_url        = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/mail-events"
}

run "deploys" {
  command = apply

  assert {
    condition     = toset(keys(google_cloudfunctions2_function.function)) == toset(keys(local.functions))
    error_message = "Every function of the manifest is deployed, and no other."
  }

  assert {
    condition     = alltrue([for name, f in google_cloudfunctions2_function.function : f.build_config[0].entry_point == name])
    error_message = "A function's entry point bears its name."
  }

  assert {
    condition = alltrue([
      for f in google_cloudfunctions2_function.function :
      alltrue([for name in local.manifest.settings.deployment : try(length(f.service_config[0].environment_variables[name]) > 0, false)])
    ])
    error_message = "Every setting of the deployment has a value in every function."
  }

  assert {
    condition     = alltrue([for q in local.manifest.queues : contains(keys(google_cloudfunctions2_function.function), q.function)])
    error_message = "Every queue calls a function that is deployed."
  }
}

run "gives_no_more_than_needed" {
  command = apply

  assert {
    condition     = length(distinct([for f in google_cloudfunctions2_function.function : f.service_config[0].service_account_email])) == length(local.functions)
    error_message = "Every function runs as an account of its own."
  }

  assert {
    condition = alltrue([
      for name, f in google_cloudfunctions2_function.function :
      f.service_config[0].ingress_settings == (contains(local.functions[name].called_by, "staff") ? "ALLOW_INTERNAL_AND_GCLB" : contains(local.public, name) ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY")
    ])
    error_message = "Functions that no person calls are not reachable from outside, and those of staff only by the balancer."
  }

  assert {
    condition     = toset(keys(google_cloud_run_v2_service_iam_member.public)) == local.public && !contains(local.public, "sync_user") && !contains(local.public, "sync_dispatch")
    error_message = "Only functions that people call are open to everyone."
  }

  assert {
    condition = alltrue([
      for m in concat(values(google_cloud_run_v2_service_iam_member.scheduler), values(google_cloud_run_v2_service_iam_member.tasks)) :
      m.member != "allUsers" && m.role == "roles/run.invoker"
    ])
    error_message = "Machine callers are named."
  }

  assert {
    condition     = alltrue([for m in google_project_iam_member.database : startswith(m.role, "roles/datastore.") && length(m.condition) == 1])
    error_message = "Database access is always for one database."
  }

  assert {
    condition = (
      toset([for use, m in google_project_iam_member.database : use if m.role == "roles/datastore.viewer"]) == toset(["mail/keys", "measurement/keys", "release/keys", "sync_user/keys"])
      && alltrue([for m in google_project_iam_member.database : contains(["roles/datastore.user", "roles/datastore.viewer"], m.role)])
    )
    error_message = "Who only opens data may read its keys, and write none; nobody may more than write documents."
  }

  assert {
    condition     = !anytrue([for name in ["consent", "sync_dispatch"] : contains(keys(google_project_iam_member.database), "${name}/keys")])
    error_message = "Functions that decrypt nothing cannot reach the keys."
  }

  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.read)) == toset(keys(local.secret_uses))
    error_message = "A function reads exactly the secrets its row names."
  }
}

run "has_machines_call_googles_own_address" {
  command = apply
  variables {
    public_url = "https://api.example"
  }

  assert {
    condition = alltrue([
      for job in google_cloud_scheduler_job.schedule :
      startswith(job.http_target[0].uri, "https://asia-northeast1-demo.cloudfunctions.net/") && job.http_target[0].oidc_token[0].audience == job.http_target[0].uri
    ])
    error_message = "The clock calls where Google takes it for one of the project's own, and checks who calls."
  }

  assert {
    condition = alltrue([
      for f in google_cloudfunctions2_function.function :
      f.service_config[0].environment_variables.MACHINE_URL == "https://asia-northeast1-demo.cloudfunctions.net" && f.service_config[0].environment_variables.PUBLIC_URL == "https://api.example"
    ])
    error_message = "The queue calls there too, and the functions expect it."
  }
}

run "lets_no_app_into_a_database" {
  command = apply

  assert {
    condition     = { for key, r in google_firebaserules_release.no_clients : key => r.name } == { default = "cloud.firestore", keys = "cloud.firestore/keys" }
    error_message = "Every database has rules, under the name that Firestore looks for."
  }

  assert {
    condition = alltrue([
      for r in google_firebaserules_release.no_clients : r.ruleset_name == "projects/demo/rulesets/${google_firebaserules_ruleset.no_clients.name}"
    ])
    error_message = "Every database has the rules that are written here."
  }

  assert {
    condition = (
      regexall("allow[^;]*;", google_firebaserules_ruleset.no_clients.source[0].files[0].content) == tolist(["allow read, write: if false;"])
      && strcontains(google_firebaserules_ruleset.no_clients.source[0].files[0].content, "match /{document=**} {")
    )
    error_message = "The rules allow nothing, of any document."
  }

  assert {
    condition     = contains(keys(google_project_service.used), "firebaserules.googleapis.com")
    error_message = "The rules' own service is switched on."
  }
}

run "keeps_one_time_secrets_out_of_the_logs" {
  command = apply

  assert {
    condition     = toset(keys(google_logging_project_exclusion.addresses)) == toset(["disclosure", "oauth_callback"])
    error_message = "The request log of what browsers call is dropped, and of nothing else."
  }

  assert {
    condition = alltrue([
      for e in google_logging_project_exclusion.addresses : e.filter == join(" AND ", [
        "log_id(\"run.googleapis.com/requests\")",
        "resource.type=\"cloud_run_revision\"",
        "resource.labels.location=\"asia-northeast1\"",
        "resource.labels.service_name=\"some-service\"",
      ])
    ])
    error_message = "Exactly the request log of one service is dropped, and no line of ours."
  }

  assert {
    condition     = !anytrue([for a in local.alerts : strcontains(try(a.log, ""), "httpRequest") || strcontains(try(a.log, ""), "run.googleapis.com")])
    error_message = "No alert counts request logs, some of which are dropped."
  }
}

run "keeps_data_in_japan_and_keys_without_history" {
  command = apply

  assert {
    condition     = alltrue([for d in google_firestore_database.database : d.location_id == "asia-northeast1"])
    error_message = "Databases are in Tokyo."
  }

  assert {
    condition     = alltrue([for s in google_secret_manager_secret.secret : s.replication[0].user_managed[0].replicas[0].location == "asia-northeast1"])
    error_message = "Secrets are in Tokyo."
  }

  assert {
    condition     = google_firestore_database.database["keys"].point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_DISABLED"
    error_message = "A destroyed key must not come back out of the past."
  }

  assert {
    condition     = google_firestore_backup_schedule.daily["keys"].retention == "604800s"
    error_message = "Backups of keys last a week at most."
  }
}

run "alerts_tell_what_to_do" {
  command = apply

  assert {
    condition     = alltrue([for a in google_monitoring_alert_policy.alert : length(a.documentation[0].content) > 200])
    error_message = "Every alert carries its playbook."
  }

  assert {
    condition = alltrue([
      for a in google_monitoring_alert_policy.alert :
      length(a.conditions[0].condition_threshold) + length(a.conditions[0].condition_absent) == 1
    ])
    error_message = "Every alert has exactly one condition."
  }
}

run "refuses_a_link_any_app_could_claim" {
  command = plan
  variables {
    app_link = "kagamino://linked"
  }
  expect_failures = [var.app_link]
}

run "refuses_an_audience_that_is_none" {
  command = plan
  variables {
    iap_audience = "https://staff.example"
  }
  expect_failures = [var.iap_audience]
}

run "refuses_alerts_that_nobody_receives" {
  command = plan
  variables {
    notification_channels = []
  }
  expect_failures = [var.notification_channels]
}
