//! The client ids with which a principal may connect: no two may share one, or they could take over
//! each other's connection.

use super::documents::Access;
use super::{ExportError, FORMAT, Grant, THING};
use crate::acl::by_name::Named;
use crate::acl::purpose::Role;

/// What marks the second connection of a caller.
const SUB: &str = "-sub";

/// The client ids of one principal.
#[derive(Clone, Copy)]
pub(super) enum ClientIds<'a> {
    /// The name of a thing.
    Thing,
    /// The name, and the name and `-sub`.
    Caller(&'a str),
    /// The name, and the name, `-` and more.
    Server(&'a str),
}

impl<'a> ClientIds<'a> {
    pub(super) fn of(name: &'a str, grants: &[Grant<'_>]) -> Self {
        let serves = |grant: &Grant<'_>| grant.rule.role() == Some(Role::Server);
        match name {
            THING => Self::Thing,
            _ if grants.iter().any(serves) => Self::Server(name),
            _ => Self::Caller(name),
        }
    }

    pub(super) fn access(self) -> Access {
        match self {
            Self::Thing => Access::ConnectThing,
            Self::Caller(_) => Access::Connect,
            Self::Server(_) => Access::ConnectWithWill,
        }
    }

    pub(super) fn globs(self) -> Vec<String> {
        match self {
            Self::Thing => vec![THING.to_owned()],
            Self::Caller(name) => vec![name.to_owned(), format!("{name}{SUB}")],
            Self::Server(name) => vec![name.to_owned(), format!("{name}-*")],
        }
    }
}

/// Whether each client id is that of one named principal at most.
///
/// # Errors
///
/// When a server could connect as another principal. Two callers never share a client id, because no
/// name ends in `-sub`; a caller shares one with a server only if its name begins with the server's
/// and `-`, and so does a server.
pub(super) fn check(named: &Named<'_>) -> Result<(), ExportError> {
    for (name, grants) in named {
        if !matches!(ClientIds::of(name, grants), ClientIds::Server(_)) {
            continue;
        }
        let begins = format!("{name}-");
        let mut behind = named.range(begins.as_str()..);
        if let Some((other, _)) = behind
            .next()
            .filter(|(other, _)| other.starts_with(&begins))
        {
            return Err(ExportError::SharedClientIds {
                format: FORMAT,
                server: (*name).to_owned(),
                other: (*other).to_owned(),
            });
        }
    }
    Ok(())
}
