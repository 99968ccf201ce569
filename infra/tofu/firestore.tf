locals {
  # Written by `python -m infra.indexes` from shared/cloud/indexes.py; a test holds the two together.
  indexes = jsondecode(file("${path.module}/indexes.json"))

  expiring = merge([
    for key, d in local.manifest.databases : {
      for collection, field in d.expires : "${key}/${collection}" => { database = key, collection = collection, field = field }
    }
  ]...)
}

resource "google_firestore_database" "database" {
  for_each                          = local.manifest.databases
  name                              = each.value.id
  location_id                       = local.region
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_${each.value.point_in_time_recovery ? "ENABLED" : "DISABLED"}"
  delete_protection_state           = "DELETE_PROTECTION_ENABLED"

  depends_on = [google_project_service.used]
}

resource "google_firestore_backup_schedule" "daily" {
  for_each  = local.manifest.databases
  database  = google_firestore_database.database[each.key].name
  retention = "${each.value.backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_index" "composite" {
  for_each    = { for index in local.indexes.composites : "${index.collection}/${join(",", index.fields[*].field)}" => index }
  database    = google_firestore_database.database["default"].name
  collection  = each.value.collection
  query_scope = each.value.group ? "COLLECTION_GROUP" : "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.field
      order      = fields.value.descending ? "DESCENDING" : "ASCENDING"
    }
  }
}

# Fields whose own index differs from what Firestore makes by itself.
resource "google_firestore_field" "single" {
  for_each   = { for index in local.indexes.singles : "${index.collection}/${index.field}" => index }
  database   = google_firestore_database.database["default"].name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    dynamic "indexes" {
      for_each = setproduct(
        concat(each.value.within ? ["COLLECTION"] : [], each.value.across ? ["COLLECTION_GROUP"] : []),
        ["ASCENDING", "DESCENDING"],
      )
      content {
        query_scope = indexes.value[0]
        order       = indexes.value[1]
      }
    }
  }
}

# Documents that go by themselves. Their time is in no index: it only ever grows, and nobody asks for it.
resource "google_firestore_field" "expiry" {
  for_each   = local.expiring
  database   = google_firestore_database.database[each.value.database].name
  collection = each.value.collection
  field      = each.value.field

  ttl_config {}
  index_config {}
}

# Apps never speak to Firestore themselves. Our functions come in by IAM, which these rules do not concern; whoever
# comes with the key that every Firebase app carries, signed in or not, is turned away, on every database.
resource "google_firebaserules_ruleset" "no_clients" {
  project = var.project

  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/firestore.rules")
    }
  }

  depends_on = [google_project_service.used]
}

# A database made in the Firebase console has a release already, which this one then has to take over, once:
#   tofu import 'google_firebaserules_release.no_clients["default"]' projects/<project>/releases/cloud.firestore
# Who applies as a person, not as a service account, sets USER_PROJECT_OVERRIDE=true GOOGLE_BILLING_PROJECT=<project>.
resource "google_firebaserules_release" "no_clients" {
  for_each     = google_firestore_database.database
  project      = var.project
  name         = each.value.name == "(default)" ? "cloud.firestore" : "cloud.firestore/${each.value.name}"
  ruleset_name = "projects/${var.project}/rulesets/${basename(google_firebaserules_ruleset.no_clients.name)}"
}
