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

variable "iap_audience" {
  description = "Whom the assertions of Identity-Aware Proxy are for, of the balancer's backend service that staff come through: /projects/NUMBER/global/backendServices/ID. How it comes before the functions: infra/decisions/0016."
  type        = string

  validation {
    condition     = can(regex("^/projects/[0-9]+/global/backendServices/[0-9]+$", var.iap_audience))
    error_message = "The audience is /projects/NUMBER/global/backendServices/ID, both in digits."
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

variable "aws_role" {
  description = "ARN of the functions' roles at AWS without the -<function> each ends in (../playbooks/planned/aws_setup.md), such as arn:aws:iam::123456789012:role/kagamino."
  type        = string

  validation {
    condition     = can(regex("^arn:aws:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@-]+$", var.aws_role))
    error_message = "The ARN of a role."
  }
}

variable "aws_audience" {
  description = "Audience of the ID tokens that the trust policies of these roles ask for."
  type        = string
  default     = "kagamino-aws"
}

variable "mail_from" {
  description = "Whom mails come from: Name <address>, the address's domain verified at SES."
  type        = string
}

variable "mail_configuration_set" {
  description = "SES configuration set that publishes what becomes of each mail."
  type        = string
}

variable "mail_events_url" {
  description = "URL of the SQS queue where that arrives."
  type        = string

  validation {
    condition     = startswith(var.mail_events_url, "https://sqs.")
    error_message = "The https address of an SQS queue."
  }
}
