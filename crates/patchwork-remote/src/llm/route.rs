//! Which model is asked, where: the user's own endpoint, the vendor of the model, the vendor of a key, or a server on this
//! machine.

use std::sync::Arc;

use patchwork_core::failure::nearest;
use patchwork_core::port::provider::{ProviderError, ProviderErrorKind, Route, Target};
use patchwork_core::secret::Secret;

use super::catalog::{Catalog, Profile, Protocol, Vendor};
use super::destination::{
    AZURE, CUSTOM, Destination, HAS_CREDENTIALS, VERTEX, base_url, has_credentials, join, shown,
};
use super::local::{Found, list};
use super::settings::LocalServer;
use super::{Models, azure};

/// The option whose key an endpoint of the user's own gets.
const CUSTOM_KEY: &str = "openai_api_key";

/// Characters that the name of a model may have.
const LONGEST_NAME: usize = 512;

/// The vendor whose models Google Cloud serves too.
const GEMINI: &str = "gemini";

impl Models {
    /// Where `target` leads; asks the network only when nothing that was given decides it.
    pub(super) async fn destination(&self, target: &Target) -> Result<Destination, ProviderError> {
        let model = target.model.as_deref().map(str::trim).filter(|model| !model.is_empty());
        if let Some(bad) = model.filter(|model| model.chars().any(|c| c.is_control() || c.is_whitespace())) {
            return Err(not_configured(
                format!("`{}` is not the name of a model", bad.escape_debug()),
                "names have no spaces, for example `model=gpt-4o`",
            ));
        }
        if model.is_some_and(|model| model.len() > LONGEST_NAME) {
            return Err(not_configured(
                format!("the name of the model has more than {LONGEST_NAME} characters"),
                "names are short, for example `model=gpt-4o`",
            ));
        }
        if let Some(url) = target.base_url.as_deref().filter(|url| !url.trim().is_empty()) {
            return self.custom(url, model, target).await;
        }
        match model {
            Some(model) => self.named(model, target).await,
            None => self.unnamed(target).await,
        }
    }

    /// The user's own endpoint takes every call.
    async fn custom(
        &self,
        url: &str,
        model: Option<&str>,
        target: &Target,
    ) -> Result<Destination, ProviderError> {
        let base = base_url(url).ok_or_else(|| {
            not_configured(
                "`client_base_url` is not an http or https URL".to_owned(),
                "it looks like http://127.0.0.1:8000/v1",
            )
        })?;
        if has_credentials(&base) {
            return Err(not_configured(
                format!("`client_base_url` {HAS_CREDENTIALS}"),
                "the key for an endpoint is `openai_api_key`",
            ));
        }
        let catalog = self.catalog();
        let vendor = base.host_str().and_then(|host| catalog.vendor_at(host)).cloned();
        // A vendor's own address gets the vendor's key.
        let option = vendor.as_ref().and_then(|vendor| vendor.option.as_deref());
        let key = match option.map(|option| key(target, option)).transpose()?.flatten() {
            Some(key) => Some(key),
            None => key(target, CUSTOM_KEY)?,
        };
        let mut destination = Destination {
            route: Route {
                vendor: vendor.as_ref().map_or(CUSTOM, |vendor| &vendor.id).to_owned(),
                model: String::new(),
                base_url: shown(&base),
                reason: None,
                ..Route::default()
            },
            protocol: vendor.as_ref().map_or(Protocol::OpenAiChat, |vendor| vendor.protocol),
            base,
            key,
            vendor,
            profile: Profile::default(),
        };
        let model = match model {
            Some(model) => {
                let host = destination.base.host_str().unwrap_or_default();
                let prefixed = catalog.is_prefixed(host);
                let vendor = destination.vendor.as_ref().map_or("openai", |vendor| &vendor.id);
                let name =
                    model.split_once('/').filter(|(prefix, _)| *prefix == vendor || *prefix == "openai");
                name.filter(|_| !prefixed).map_or(model, |(_, name)| name).to_owned()
            }
            None => {
                let (model, reason) = self.first_served(&destination).await?;
                destination.route.reason = Some(reason);
                model
            }
        };
        destination.profile = catalog.profile(destination.vendor.as_deref(), &model);
        if let Some(vendor) = &destination.vendor {
            destination.protocol = vendor.protocol_of(&model);
        }
        if destination.route.vendor == AZURE {
            let version = target.api_version.as_deref();
            destination.base = azure::base(destination.base, &model, destination.protocol, version);
            destination.route.base_url = shown(&destination.base);
        }
        destination.route.model = model;
        Ok(destination.described())
    }

    fn catalog(&self) -> &Arc<Catalog> {
        &self.settings.catalog
    }

    /// The model to ask at an endpoint when none was named: our usual default when it is served, else the first one.
    async fn first_served(&self, destination: &Destination) -> Result<(String, String), ProviderError> {
        let mut served = self.served.lock().await;
        if let Some(known) = served.get(destination.base.as_str()) {
            return Ok(known.clone());
        }
        let client = self.client(destination.is_loopback())?;
        let url = join(&destination.base, "models");
        let limit = self.settings.timeout.min(self.settings.local_timeout * 10);
        let listed = list(client, url, "id", destination.key.as_ref(), limit).await.unwrap_or_default();
        let usual = self.catalog().vendor("openai").and_then(|vendor| vendor.default.as_deref());
        let model = match usual.filter(|usual| listed.iter().any(|model| model == usual)) {
            Some(usual) => usual.to_owned(),
            None => listed.into_iter().find(|model| !model.contains("embed")).ok_or_else(|| {
                not_configured(
                    format!("no model is named, and {} lists none", destination.route.base_url),
                    "name one: `model=…`",
                )
            })?,
        };
        let reason = format!("no model named, {} serves it", destination.route.base_url);
        served.insert(destination.base.as_str().to_owned(), (model.clone(), reason.clone()));
        Ok((model, reason))
    }

    /// A model that was named, `vendor/name` or bare.
    async fn named(&self, model: &str, target: &Target) -> Result<Destination, ProviderError> {
        if let Some((prefix, name)) = model.split_once('/').filter(|(_, name)| !name.is_empty()) {
            let vendor = self.catalog().vendor(prefix);
            let id = vendor.map_or(prefix, |vendor| &vendor.id);
            if let Some(server) = self.settings.local.iter().find(|server| server.id == id) {
                return self.local(server, name, None);
            }
            if let Some(vendor) = vendor {
                return self.sold(vendor, name, target).await;
            }
        }
        // Names of open weights begin like their makers' own: without a key, this machine may have it.
        let seller = self.catalog().vendor_of(model).filter(|_| !model.contains('/'));
        let ready = |vendor: &&Arc<Vendor>| {
            target.vertex.is_some()
                || vendor.option.as_ref().is_none_or(|option| target.keys.contains_key(option))
        };
        if let Some(vendor) = seller.filter(ready) {
            return self.sold(vendor, model, target).await;
        }
        for found in self.found().await? {
            if let Some(name) = found.model(model) {
                let reason = format!("found {model} in {} on this machine", found.server.name);
                return self.local(&found.server, name, Some(reason));
            }
        }
        if let Some(vendor) = seller {
            return self.sold(vendor, model, target).await;
        }
        let hint = match nearest(model, self.catalog().names()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => format!(
                "write VENDOR/{model} with one of {} as the vendor, or say where it is: `client_base_url=…`",
                self.vendor_ids().join(", ")
            ),
        };
        Err(not_configured(format!("nobody is known to serve the model `{model}`"), hint))
    }

    /// A vendor of the catalogue; Gemini is reached through Google Cloud when the target says so.
    async fn sold(
        &self,
        vendor: &Arc<Vendor>,
        model: &str,
        target: &Target,
    ) -> Result<Destination, ProviderError> {
        if vendor.id == VERTEX || (vendor.id == GEMINI && target.vertex.is_some()) {
            return self.vertex(model, target).await;
        }
        self.vendor(vendor, model, target)
    }

    /// A vendor with a key.
    fn vendor(
        &self,
        vendor: &Arc<Vendor>,
        model: &str,
        target: &Target,
    ) -> Result<Destination, ProviderError> {
        let key = vendor.option.as_deref().map(|option| key(target, option)).transpose()?.flatten();
        if key.is_none() && vendor.option.is_some() {
            return Err(not_configured(
                format!("`{model}` is a model of {}, and there is no key for it", vendor.name),
                vendor.how_to_give_key(),
            ));
        };
        let safe = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
        if vendor.protocol == Protocol::Gemini && !model.chars().all(safe) {
            // It becomes a part of the path.
            return Err(not_configured(
                format!("`{model}` is not the name of a model of {}", vendor.name),
                vendor.default.as_ref().map(|name| format!("for example `{name}`")).unwrap_or_default(),
            ));
        }
        let Some(url) = self.settings.base_urls.get(&vendor.id).or(vendor.base_url.as_ref()) else {
            return Err(not_configured(
                format!("{} has no address that is the same for everybody", vendor.name),
                "say where yours is: `client_base_url=…`",
            ));
        };
        let base = base_url(url).ok_or_else(|| {
            not_configured(format!("the base URL of {} is not an http or https URL", vendor.name), "")
        })?;
        if has_credentials(&base) {
            return Err(not_configured(
                format!("the base URL of {} {HAS_CREDENTIALS}", vendor.name),
                vendor.how_to_give_key(),
            ));
        }
        let protocol = vendor.protocol_of(model);
        let base = match vendor.id.as_str() {
            AZURE => azure::base(base, model, protocol, target.api_version.as_deref()),
            _ => base,
        };
        Ok(Destination {
            route: Route {
                vendor: vendor.id.clone(),
                model: model.to_owned(),
                base_url: shown(&base),
                reason: None,
                ..Route::default()
            },
            protocol,
            base,
            key,
            profile: vendor.profile(model),
            vendor: Some(vendor.clone()),
        }
        .described())
    }

    /// No model was named: the default of the first vendor that a key is there for, else a server on this machine.
    async fn unnamed(&self, target: &Target) -> Result<Destination, ProviderError> {
        let gemini = self.catalog().vendor(GEMINI).and_then(|vendor| vendor.default.as_deref());
        if let Some(default) = gemini.filter(|_| target.vertex.is_some()) {
            let mut destination = self.vertex(default, target).await?;
            destination.route.reason = Some("no model named, `client_is_gcp` is set".to_owned());
            return Ok(destination);
        }
        for vendor in self.catalog().vendors() {
            let (Some(option), Some(default)) = (&vendor.option, &vendor.default) else { continue };
            if key(target, option)?.is_some() {
                let mut destination = self.vendor(vendor, default, target)?;
                destination.route.reason = Some(format!("no model named, `{option}` is given"));
                return Ok(destination);
            }
        }
        let found = self.found().await?;
        for Found { server, .. } in found.iter().filter(|found| found.first().is_none()) {
            tracing::debug!(server = server.id, "a local server lists no model");
        }
        let usable = found.iter().find_map(|found| Some((found, found.first()?)));
        if let Some((Found { server, .. }, model)) = usable {
            let reason = format!("no key given, found {} on this machine", server.name);
            return self.local(server, model, Some(reason));
        }
        let variables = self.catalog().vendors().iter().filter_map(|vendor| vendor.environment.first());
        let variables = variables.map(String::as_str).collect::<Vec<_>>().join(", ");
        let servers =
            self.settings.local.iter().map(|server| format!("{} at {}", server.name, server.base_url));
        let servers = servers.collect::<Vec<_>>().join(", ");
        let message = if servers.is_empty() {
            "there is no model to ask: no key is given".to_owned()
        } else if found.is_empty() {
            format!(
                "there is no model to ask: no key is given, and no server answers on this machine ({servers})"
            )
        } else {
            let name = found.first().map_or("the server", |found| found.server.name.as_str());
            format!("there is no model to ask: no key is given, and {name} on this machine has no model yet")
        };
        let hint = format!(
            "set a key ({variables}), or name an OpenAI-compatible server (`client_base_url=…`), or start a model on \
             this machine (`ollama run …`)"
        );
        Err(not_configured(message, hint))
    }

    async fn found(&self) -> Result<Vec<Found>, ProviderError> {
        if self.settings.local.is_empty() {
            return Ok(Vec::new());
        }
        let client = self.client(true)?;
        Ok(self.local.find(client, &self.settings.local, self.settings.local_timeout).await)
    }

    fn vendor_ids(&self) -> Vec<&str> {
        self.catalog().vendors().iter().map(|vendor| vendor.id.as_str()).collect()
    }

    /// A model of a server on this machine.
    fn local(
        &self,
        server: &LocalServer,
        model: &str,
        reason: Option<String>,
    ) -> Result<Destination, ProviderError> {
        let vendor = self.catalog().vendor(&server.id).cloned();
        let url = format!("{}/v1", server.base_url.trim_end_matches('/'));
        let base = base_url(&url).ok_or_else(|| {
            not_configured(format!("the address of {} is not an http or https URL", server.name), "")
        })?;
        Ok(Destination {
            route: Route {
                vendor: server.id.clone(),
                model: model.to_owned(),
                base_url: shown(&base),
                reason,
                ..Route::default()
            },
            protocol: vendor.as_ref().map_or(Protocol::OpenAiChat, |vendor| vendor.protocol),
            base,
            key: None,
            profile: self.catalog().profile(vendor.as_deref(), model),
            vendor,
        }
        .described())
    }
}

/// The key of an option, fit for a header: files and variables often bring a final newline.
pub(super) fn key(target: &Target, option: &str) -> Result<Option<Secret>, ProviderError> {
    let Some(key) = target.keys.get(option).map(|key| key.expose().trim()).filter(|key| !key.is_empty())
    else {
        return Ok(None);
    };
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(not_configured(
            format!("`{option}` has characters that no key has"),
            "look for spaces, line breaks or quotes in it",
        ));
    }
    Ok(Some(Secret::new(key)))
}

pub(super) fn not_configured(message: String, hint: impl Into<String>) -> ProviderError {
    let hint = Some(hint.into()).filter(|hint| !hint.is_empty());
    ProviderError { kind: ProviderErrorKind::NotConfigured, message, status: None, retry_after: None, hint }
}
