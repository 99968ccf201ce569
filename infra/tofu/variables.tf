variable "project" {
  description = "Google Cloud project id."
  type        = string
}

variable "firebase_project" {
  description = "Firebase project that signs app users in; empty: the same project."
  type        = string
  default     = ""
}

variable "firebase_api_key" {
  description = "Web API key of the Firebase project, restricted to the Identity Toolkit API and to no app: the functions ask with it whether a sign-in still counts. It names the project and opens nothing."
  type        = string
}

variable "google_client_id" {
  description = "OAuth client id of the web client (its secret goes into Secret Manager, never here)."
  type        = string
}

variable "anchors" {
  description = "Where the audit log is anchored, in an account of its own that nobody of this project administers: s3:BUCKET, with Object Lock in compliance mode."
  type        = string

  validation {
    condition     = startswith(var.anchors, "s3:")
    error_message = "Only a write-once bucket keeps the log from being rewritten: s3:BUCKET."
  }
}

variable "app_link" {
  description = "Verified https App Link the browser returns to after linking."
  type        = string

  validation {
    condition     = startswith(var.app_link, "https://")
    error_message = "A custom scheme can be claimed by any app; use a verified https App Link."
  }
}

variable "public_url" {
  description = "Where apps and browsers reach the functions; empty: Google's own address of them. Another one must forward /<function> to those that people call, and keep the query of /oauth_callback out of its own logs."
  type        = string
  default     = ""

  validation {
    condition     = var.public_url == "" || (startswith(var.public_url, "https://") && !endswith(var.public_url, "/"))
    error_message = "An https address without a slash at its end."
  }
}

variable "artefacts" {
  description = "Folder with one zip per function, made by `make package`, relative to this one."
  type        = string
  default     = "../../.build"
}

variable "notification_channels" {
  description = "Cloud Monitoring channels (projects/…/notificationChannels/…) that alerts go to."
  type        = list(string)

  validation {
    condition     = length(var.notification_channels) > 0
    error_message = "An alert nobody receives is none: name at least one channel."
  }
}
