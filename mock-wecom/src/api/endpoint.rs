//! One row of the endpoint table.

use super::contract::Field;
use super::{Call, Ctx, Reply};
use crate::config::Kind;
use crate::errcode::{ApiError, Errcode};

/// The verb an endpoint wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
}

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nobody is asked for a token.
    Open,
    /// Any living token.
    Any,
    /// A token of a secret listed for this kind.
    Only(Kind),
}

/// A secret listed under 微信客服.
pub(super) const KF: Scope = Scope::Only(Kind::Kf);
/// A secret listed under 客户联系.
pub(super) const CONTACT: Scope = Scope::Only(Kind::Contact);

type Handler = fn(&mut Ctx<'_>, &Call) -> Result<Reply, ApiError>;

/// One endpoint.
pub(crate) struct Endpoint {
    pub(crate) path: &'static str,
    pub(crate) verb: Verb,
    pub(crate) scope: Scope,
    pub(super) run: Handler,
    /// Body fields of a POST, query parameters of a GET.
    pub(crate) fields: &'static [Field],
    /// Query parameters of a POST, apart from the token.
    pub(crate) query: &'static [Field],
    /// Codes that depend on the state, apart from those of the fields.
    pub(crate) errors: &'static [Errcode],
    /// Switches that change its answers.
    pub(crate) switches: &'static [&'static str],
    /// Whether it counts against the general frequency limit.
    pub(crate) metered: bool,
    /// Whether a GET without a body will do, as it did in the first version of a POST.
    pub(crate) by_get: bool,
}

impl Endpoint {
    const fn new(
        verb: Verb,
        path: &'static str,
        scope: Scope,
        run: Handler,
        fields: &'static [Field],
    ) -> Self {
        Self {
            path,
            verb,
            scope,
            run,
            fields,
            query: &[],
            errors: &[],
            switches: &[],
            metered: true,
            by_get: false,
        }
    }

    pub(super) const fn get(
        path: &'static str,
        scope: Scope,
        run: Handler,
        fields: &'static [Field],
    ) -> Self {
        Self::new(Verb::Get, path, scope, run, fields)
    }

    pub(super) const fn post(
        path: &'static str,
        scope: Scope,
        run: Handler,
        fields: &'static [Field],
    ) -> Self {
        Self::new(Verb::Post, path, scope, run, fields)
    }

    pub(super) const fn query(mut self, query: &'static [Field]) -> Self {
        self.query = query;
        self
    }

    pub(super) const fn errors(mut self, errors: &'static [Errcode]) -> Self {
        self.errors = errors;
        self
    }

    pub(super) const fn switches(mut self, switches: &'static [&'static str]) -> Self {
        self.switches = switches;
        self
    }

    /// A GET without a body will do as well.
    pub(super) const fn also_by_get(mut self) -> Self {
        self.by_get = true;
        self
    }

    /// Sending a message does not count against the general limit.
    pub(super) const fn unmetered(mut self) -> Self {
        self.metered = false;
        self
    }
}
