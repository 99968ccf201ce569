output "public_url" {
  description = "Where the functions are, each at /<function>. Its /oauth_callback is the redirect URI to register at Google."
  value       = local.public_url
}

output "accounts" {
  description = "The account each function runs as."
  value       = { for name, account in google_service_account.function : name => account.email }
}
