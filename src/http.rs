//! The HTTP client's settings, the same for both drivers: no redirects, no cookies, no environment, no TLS provider of the process.

#![forbid(unsafe_code)]

use crate::options::NetworkOptions;
use reqwest::{ClientBuilder, NoProxy, Proxy};
use std::time::Duration;

/// A client that goes the way that these options say.
///
/// # Errors
/// None that is known: the options are checked.
pub(crate) fn builder(
    network: &NetworkOptions,
    tls: crate::tls::Settings,
) -> Result<ClientBuilder, reqwest::Error> {
    let mut builder = ClientBuilder::new()
        .tls_backend_preconfigured(tls)
        .user_agent(&network.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(Duration::from_millis(network.connect_timeout_ms.into()));
    let exceptions = NoProxy::from_string(network.proxy.exceptions());
    let [http, https] = network.proxy.addresses();
    for proxy in [http.map(Proxy::http), https.map(Proxy::https)] {
        if let Some(proxy) = proxy.transpose()? {
            builder = builder.proxy(proxy.no_proxy(exceptions.clone()));
        }
    }
    Ok(builder)
}
