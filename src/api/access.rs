//! Who may call a route: stated beside its handler in the tables of [`super::routes`], and enforced here, before the
//! handler runs and before a byte of the body is read. The OpenAPI document shows the same statement.
//!
//! | statement | who gets in |
//! |---|---|
//! | `[Public]` | everybody; nobody is asked for a token |
//! | `[Public, SignIn]` | the same, counted as an attempt to sign in: here by address, in the handler by name |
//! | `[Public, Refresh]` | the same, counted by address as a session that goes on |
//! | `[Network]` | whoever signs as a participant of the network; the node judges that |
//! | `[Operator]` | whoever reaches the operator's port |
//! | `[SignedIn: Read]` | any user; an API token needs the scope after the colon |
//! | `[Trader: …]`, `[Buyer: …]`, `[Seller: …]` | who trades, who may buy, who may sell |
//! | `[Utility: …]`, `[Admin: …]` | a DISCOM's desk, an administrator |
//! | `[SignedIn: Session]` | a user who has signed in; no API token, whatever its scopes |
//! | `[SignedIn: Account, Read]` | counted as a read, where the scope alone would make it a trade |
//! | `[SignedIn: Account + Read]` | an API token needs both: what it sets up shows what the second one guards |

use std::future::{Ready, ready};

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, Route};
use futures_util::FutureExt;
use uuid::Uuid;

use super::limits::Class;
use super::problem::{Problem, challenge};
use super::{Shared, State, socket};
use crate::error::Code;
use crate::identity::grants::{Grant, Held};
use crate::identity::{Role, Scope, User};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Public,
    Network,
    Operator,
    SignedIn,
    Trader,
    Buyer,
    Seller,
    Utility,
    Admin,
}

impl Who {
    /// The roles that are let in; `None` where nobody is asked who he is.
    pub const fn roles(self) -> Option<&'static [Role]> {
        match self {
            Who::Public | Who::Network | Who::Operator => None,
            Who::SignedIn => Some(Role::ALL),
            Who::Trader => Some(&[Role::Prosumer, Role::Consumer, Role::Producer]),
            Who::Buyer => Some(&[Role::Prosumer, Role::Consumer]),
            Who::Seller => Some(&[Role::Prosumer, Role::Producer]),
            Who::Utility => Some(&[Role::Utility]),
            Who::Admin => Some(&[Role::Admin]),
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Who::Public => "public",
            Who::Network => "network",
            Who::Operator => "operator",
            Who::SignedIn => "signed_in",
            Who::Trader => "trader",
            Who::Buyer => "buyer",
            Who::Seller => "seller",
            Who::Utility => "utility",
            Who::Admin => "admin",
        }
    }
}

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    pub who: Who,
    /// What an API token must be allowed; `None` where nobody is asked who he is.
    pub scope: Option<Scope>,
    /// What it must be allowed besides.
    pub also: Option<Scope>,
    /// What a call is counted as.
    pub class: Class,
}

impl Access {
    /// Counted as what the scope is about.
    pub const fn of(who: Who, scope: Scope) -> Self {
        let class = if matches!(scope, Scope::Read) { Class::Read } else { Class::Trade };
        Self { who, scope: Some(scope), also: None, class }
    }

    /// What an API token must be allowed, all of it; nothing where nobody is asked who he is.
    pub fn scopes(self) -> impl Iterator<Item = Scope> {
        self.scope.into_iter().chain(self.also)
    }

    /// Who calls, counted and let in. A token that is not valid is counted against the address that tries it.
    ///
    /// # Errors
    /// 401 without a valid token, 403 for whom the route is not, 429 beyond a limit.
    pub(super) async fn caller(self, state: &Shared, request: &HttpRequest) -> Result<Caller, Problem> {
        let caller = match state.caller(request).await {
            Ok(caller) => caller,
            Err(problem) => {
                state.count_guess(request).await?;
                return Err(problem);
            }
        };
        state.count_user(request, caller.user.id, self.class).await?;
        self.admit(&caller)?;
        Ok(caller)
    }

    /// Whether the caller gets in.
    ///
    /// # Errors
    /// 403 for another role, a token without the scope, or a trade of somebody whose address was not checked.
    pub fn admit(self, caller: &Caller) -> Result<(), Problem> {
        let roles = self.who.roles().unwrap_or_default();
        if !roles.contains(&caller.user.role) {
            let named: Vec<_> = roles.iter().map(|role| role.as_str()).collect();
            let detail = format!(
                "This is for accounts with the role {}; yours is {}.",
                named.join(" or "),
                caller.user.role.as_str()
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let Some(scope) = self.scope else { return Ok(()) };
        if matches!(scope, Scope::Trade | Scope::Money | Scope::Account) && !caller.user.verified {
            return Err(Problem::of(Code::EmailUnverified));
        }
        let Means::ApiToken { scopes, .. } = &caller.by else { return Ok(()) };
        let Some(missing) = self.scopes().find(|scope| !scopes.contains(scope)) else { return Ok(()) };
        let detail = match missing {
            Scope::Session => "This needs somebody who has signed in; no API token does it.".to_owned(),
            _ => format!("The API token has not the scope {}.", missing.as_str()),
        };
        Err(challenge(Problem::new(Code::ScopeMissing, detail), Some("insufficient_scope")))
    }
}

/// How a caller has shown who he is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// Signed in on a device.
    Session { id: Uuid },
    /// A program's token, or the one that the operator configured.
    ApiToken { grant: Grant, scopes: Vec<Scope> },
}

/// Who calls, as the route's statement has let him in. A handler takes it as a parameter.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: User,
    pub by: Means,
}

impl Caller {
    /// The caller of a request that was let in.
    ///
    /// # Errors
    /// 500 where the route is open to everybody: a fault of ours.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a handler asks who calls, and its route lets everybody in");
            Problem::of(Code::Internal)
        })
    }
}

impl Caller {
    /// The user of a request, where one was let in.
    pub fn known(request: &HttpRequest) -> Option<Uuid> {
        request.extensions().get::<Self>().map(|caller| caller.user.id)
    }

    /// By what he was let in.
    pub fn grant(&self) -> Grant {
        match &self.by {
            Means::Session { id } => Grant::Session(*id),
            Means::ApiToken { grant, .. } => grant.clone(),
        }
    }

    /// Who comes by that grant, as it stands now.
    ///
    /// # Errors
    /// 401 when it is over, 403 for a locked account.
    pub fn again(grant: &Grant, held: Option<Held>) -> Result<Self, Problem> {
        let Some(Held { user, scopes }) = held else {
            let detail = "What opened this is not good any more: a session that has ended, or a token.";
            return Err(challenge(Problem::new(Code::TokenInvalid, detail), Some("invalid_token")));
        };
        if user.locked {
            return Err(Problem::of(Code::AccountLocked));
        }
        let by = match (grant, scopes) {
            (Grant::Session(id), _) => Means::Session { id: *id },
            (grant, scopes) => Means::ApiToken { grant: grant.clone(), scopes: scopes.unwrap_or_default() },
        };
        Ok(Self { user, by })
    }
}

/// The right to something that goes on for long: it is looked at again while it does.
#[derive(Clone, Debug)]
pub struct Pass {
    pub user: Uuid,
    pub grant: Grant,
    access: Access,
}

impl Pass {
    /// Of a request that was let in.
    ///
    /// # Errors
    /// 500 where the route is open to everybody: a fault of ours.
    pub fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let caller = Caller::of(request)?;
        let access = request.extensions().get::<Access>().copied();
        let access = access.ok_or_else(|| Problem::of(Code::Internal))?;
        Ok(Self { user: caller.user.id, grant: caller.grant(), access })
    }

    /// Whether whoever has it would still be let in.
    ///
    /// # Errors
    /// Why not.
    pub fn judge(&self, held: Option<Held>) -> Result<(), Problem> {
        self.access.admit(&Caller::again(&self.grant, held)?)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The route with its door: nobody whom `access` does not let in reaches the handler.
pub fn guarded(route: Route, access: Access) -> Route {
    if matches!(access.class, Class::SignIn | Class::Refresh) {
        let class = access.class;
        let door = move |request: ServiceRequest, next: Next<BoxBody>| attempt(class, request, next);
        return route.wrap(from_fn(door));
    }
    if access.who.roles().is_none() {
        return route;
    }
    let door = move |request: ServiceRequest, next: Next<BoxBody>| enter(access, request, next);
    route.wrap(from_fn(door))
}

async fn enter<B: MessageBody>(
    access: Access,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match judge(access, &request).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            request.extensions_mut().insert(access);
            let response = next.call(request).await?;
            if response.status().is_server_error()
                && let Some(problem) = gone(response.request(), &caller).await
            {
                let (request, _) = response.into_parts();
                return Ok(ServiceResponse::from_err(problem, request).map_into_right_body());
            }
            Ok(response.map_into_left_body())
        }
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

/// Why the caller of a request that failed would not be let in any more. What an erasure took away while the request was
/// worked off is missed in many places, and is no failure of ours.
async fn gone(request: &HttpRequest, caller: &Caller) -> Option<Problem> {
    let state = request.app_data::<State>()?.clone();
    let (grant, user, now) = (caller.grant(), caller.user.id, state.participant.now());
    let asked = grant.clone();
    let held = state.read(move |tx| {
        let grant = asked.clone();
        async move { grant.held(tx, user, now).await }.boxed()
    });
    Caller::again(&grant, held.await.ok()?).err()
}

/// Counts an attempt to sign in or to go on by its address, before anything of it is looked at.
async fn attempt<B: MessageBody>(
    class: Class,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let counted = match request.app_data::<State>().cloned() {
        Some(state) => state.count_attempt(request.request(), class).await,
        None => Err(Problem::of(Code::Internal)),
    };
    match counted {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => Ok(request.error_response(problem).map_into_right_body()),
    }
}

async fn judge(access: Access, request: &ServiceRequest) -> Result<Caller, Problem> {
    let state = request.app_data::<State>().cloned().ok_or_else(|| Problem::of(Code::Internal))?;
    match request.match_pattern().as_deref() {
        // A browser can send no header there.
        Some(socket::PATH) => state.opener(access, request.request()).await,
        _ => access.caller(&state, request.request()).await,
    }
}

/// One statement of who may call: see the table above.
macro_rules! access {
    ($who:ident) => {
        $crate::api::access::Access {
            who: $crate::api::access::Who::$who,
            scope: None,
            also: None,
            class: $crate::api::limits::Class::Free,
        }
    };
    ($who:ident, $class:ident) => {
        $crate::api::access::Access { class: $crate::api::limits::Class::$class, ..access!($who) }
    };
    ($who:ident: $scope:ident) => {
        $crate::api::access::Access::of(
            $crate::api::access::Who::$who,
            $crate::identity::Scope::$scope,
        )
    };
    ($who:ident: $scope:ident + $also:ident) => {
        $crate::api::access::Access {
            also: Some($crate::identity::Scope::$also),
            ..access!($who: $scope)
        }
    };
    ($who:ident: $scope:ident, $class:ident) => {
        $crate::api::access::Access {
            class: $crate::api::limits::Class::$class,
            ..access!($who: $scope)
        }
    };
}
pub(in crate::api) use access;
