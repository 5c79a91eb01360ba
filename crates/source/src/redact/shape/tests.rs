//! Values that are secrets, and those that are not.

use super::*;

#[test]
fn code_is_no_secret() {
    for value in [
        "process.env.API_KEY",
        "your-api-key-goes-here",
        "${SECRET_TOKEN_VALUE}",
        "xxxxxxxxxxxxxxxxxxxxxxxx",
        "getSecretFromVault()",
        "config.get(\"secret\")",
        "/run/secrets/db_password",
        "./keys/server-2024.pem",
        "550e8400-e29b-41d4-a716-446655440000",
        "my-secret-name-in-vault",
        "AWS_SECRET_ACCESS_KEY",
        "CancellationToken",
        "<your password here>",
        "PasswordResetRequest2",
        "2024-01-02T03:04:05Z",
        "1.2.3-rc.4",
        "self.password1",
        "Option<String>",
        "tokenizer.next_token2",
        "0000000000000000000000",
        "https://example.org/some/path",
    ] {
        assert!(!is_secret(value, Trust::Password), "{value}");
    }
}

#[test]
fn secrets_are_secrets() {
    for value in [
        "kX9#mP2$vL7q",
        "aB3dE5fG7hJ9kL1mN2pQ",
        "4f9c1e7ab2d84c6f9e0d1b3a5c7e9f10",
        "q7Zt-Wm2_Lk9xPc4RvBn8",
    ] {
        assert!(is_secret(value, Trust::Password), "{value}");
    }
}
