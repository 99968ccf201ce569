# The deployment: everything serverless.yaml says, made at Google. Works with OpenTofu and with Terraform.
#
#   make package                      the zips this uploads
#   cd infra/tofu && tofu init && tofu apply -var-file=<deployment>.tfvars
#
# Keep the state where only operators reach it (a `backend` block of your own); it holds no secret values.

terraform {
  required_version = ">= 1.8"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.0, < 9.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = local.region
}
