//! What a policy is derived for, and which policy is meant: that of a file, or the program's own.

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};

use super::super::Program;
use super::super::exit::{Exit, Faults};
use super::super::share::ShareArgs;
use super::files;
use crate::acl::{Policy, Profile, Role, Scope};

/// What changes the derived policy.
#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    /// reference: for any client of the published draft; hardened: tighter, for clients of mcp-mqtt only
    #[arg(long, default_value_t = Profile::Reference, env = "MCP_MQTT_ACL_PROFILE")]
    pub(super) profile: Profile,

    /// Identity of the server itself: grants it what serving needs. Without it the policy is for the
    /// callers alone, and the server needs grants from elsewhere
    #[arg(long, value_name = "NAME", env = "MCP_MQTT_SERVER_IDENTITY")]
    pub(super) server_identity: Option<String>,

    #[command(flatten)]
    share: ShareArgs,
}

impl ScopeArgs {
    /// The program's own policy, or the part of one role, and what it was derived for.
    pub(super) fn derive(
        &self,
        program: &Program,
        role: Option<Role>,
    ) -> Result<(Policy, Scope), Faults> {
        let mut faults = Faults::default();
        let registry = faults.unless(program.registry());
        let share = faults.unless(self.share.read());
        let mut scope = Scope::new(program.namespace(), program.info.name);
        scope.profile = self.profile;
        scope.server_identity.clone_from(&self.server_identity);
        if let Some(share) = share {
            share.of_scope(&mut scope);
        }
        let registry = registry.unwrap_or_default();
        let policy = faults.unless(match role {
            None => Policy::derive(&scope, &registry),
            Some(role) => Policy::derive_role(&scope, &registry, role),
        });
        match policy.filter(|_| faults.is_empty()) {
            Some(policy) => Ok((policy, scope)),
            None => Err(faults),
        }
    }
}

/// An option of the command line for the program's own policy is ignored when the policy comes from
/// a file. What the environment says is for other commands too.
pub(in crate::cli) fn ignored(matches: &ArgMatches) -> Option<String> {
    let (_, acl) = matches.subcommand().filter(|(name, _)| *name == "acl")?;
    let (_, matches) = acl.subcommand()?;
    // Other files than these do not come in the place of a derived policy.
    if !matches.try_contains_id("profile").is_ok_and(|given| given) {
        return None;
    }
    let file = ["policy", "new"].iter().find_map(|id| {
        let file = matches.try_get_one::<PathBuf>(id).ok()??;
        let variable = matches.value_source(id) == Some(ValueSource::EnvVariable);
        let from = if variable { "MCP_MQTT_POLICY, " } else { "" };
        Some(format!("{from}{}", file.display()))
    })?;
    let scope = ScopeArgs::augment_args(Command::new("scope"));
    let scope = scope.arg(Arg::new("namespace").long("namespace"));
    let given =
        |arg: &&Arg| matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine);
    let option = scope.get_arguments().find(given)?.get_long()?;
    Some(format!(
        "`--{option}` is for a server's own policy, but this one is read from a file ({file}): leave \
         one of them out"
    ))
}

/// Which policy a question is about.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// The policy, as `acl --format json` wrote it [default: that of this program]
    #[arg(long, value_name = "FILE", env = "MCP_MQTT_POLICY")]
    policy: Option<PathBuf>,

    #[command(flatten)]
    scope: ScopeArgs,
}

impl SourceArgs {
    pub(super) fn policy(&self, program: Option<&Program>) -> Result<Policy, Exit> {
        match (&self.policy, program) {
            (Some(path), _) => files::read(path),
            (None, Some(program)) => {
                Ok(self.scope.derive(program, None).map(|(policy, _)| policy)?)
            }
            (None, None) => Err(Exit::fault(
                "no policy is given; set --policy to a file that `acl --format json` wrote",
            )),
        }
    }
}
