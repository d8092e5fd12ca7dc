//! `GET /healthz`: the process answers. Whether its destinations do is `/v1/status`.

/// Always 200 while the host serves at all, also while it drains.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}
