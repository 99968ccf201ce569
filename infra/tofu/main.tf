locals {
  manifest  = yamldecode(file("${path.module}/../../serverless.yaml"))
  region    = local.manifest.region
  functions = local.manifest.functions

  # Google's own address of the functions. Queue and scheduler always call them here: only here do those that are closed
  # to the outside take them for the project's own, and does Google itself accept their tokens.
  machine_url = "https://${local.region}-${var.project}.cloudfunctions.net"
  public_url  = var.public_url != "" ? var.public_url : local.machine_url

  # The values of the settings that the manifest leaves to the deployment. A name missing here fails the plan.
  deployment = {
    ANCHORS                = var.anchors
    APP_LINK               = var.app_link
    AWS_AUDIENCE           = var.aws_audience
    AWS_ROLE               = var.aws_role
    FIREBASE_API_KEY       = var.firebase_api_key
    FIREBASE_PROJECT       = var.firebase_project != "" ? var.firebase_project : var.project
    GOOGLE_CLIENT_ID       = var.google_client_id
    IAP_AUDIENCE           = var.iap_audience
    MACHINE_URL            = local.machine_url
    MAIL_CONFIGURATION_SET = var.mail_configuration_set
    MAIL_EVENTS_URL        = var.mail_events_url
    MAIL_FROM              = var.mail_from
    PROJECT                = var.project
    PUBLIC_URL             = local.public_url
    REGION                 = local.region
    SCHEDULER_ACCOUNT      = google_service_account.scheduler.email
    TASKS_ACCOUNT          = google_service_account.tasks.email
  }
  environment = merge(
    local.manifest.settings.fixed,
    { for name in local.manifest.settings.deployment : name => local.deployment[name] },
  )

  # Public: people and other parties call it, whom the function must know by itself. All others are let in by account.
  public = toset([
    for name, f in local.functions : name
    if length(setintersection(f.called_by, ["app_user", "institution", "anyone", "browser", "staff"])) > 0
  ])

  # Staff come through a load balancer with Identity-Aware Proxy, and whoever else calls such a function comes through the
  # balancer too: no other way into it is open from outside (infra/decisions/0016).
  behind_balancer = toset([for name, f in local.functions : name if contains(f.called_by, "staff")])

  database_uses = merge([
    for name, f in local.functions : {
      for d in f.databases : "${name}/${d}" => { function = name, database = d, reads_only = contains(try(f.reads_only, []), d) }
    }
  ]...)
  secret_uses = merge([
    for name, f in local.functions : { for s in f.secrets : "${name}/${s}" => { function = name, secret = s } }
  ]...)
  queue_uses = merge([
    for name, f in local.functions : { for q in f.enqueues : "${name}/${q}" => { function = name, queue = q } }
  ]...)

  services = toset([
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudfunctions.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "cloudtasks.googleapis.com",
    "firebaserules.googleapis.com",
    "firestore.googleapis.com",
    "fitness.googleapis.com",
    "iam.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "storage.googleapis.com",
  ])
}

resource "google_project_service" "used" {
  for_each           = local.services
  service            = each.key
  disable_on_destroy = false
}
