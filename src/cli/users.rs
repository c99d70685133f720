//! `wattmandi users`: the accounts of the database, for the operator at the machine.

use clap::Subcommand;
use clock::{Clocks, Ids};
use db::Db;
use futures_util::FutureExt;

use super::{AnyError, platform};
use crate::identity::{self, Hasher, IdentityError, NewUser, Role, admin, check_password, contact};

#[derive(Debug, Subcommand)]
pub(super) enum UsersCommand {
    /// Add a user who signs in with an e-mail address and a password, which is printed this once.
    Add {
        #[arg(long)]
        email: String,
        #[arg(long)]
        name: String,
        /// prosumer, consumer, producer, utility or admin.
        #[arg(long, default_value = "prosumer")]
        role: String,
        /// With the role utility: the DISCOM whose desk it is.
        #[arg(long)]
        discom: Option<String>,
    },
    /// The newest accounts.
    List {
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Give a user another role; at once.
    Role {
        /// Handle, e-mail address or id.
        user: String,
        role: String,
        #[arg(long)]
        discom: Option<String>,
    },
    /// Lock an account: it opens nothing, its sessions end, and its offers sell nothing. Contracts that stand go on.
    Lock { user: String },
    /// Unlock it.
    Unlock { user: String },
}

pub(super) async fn run(command: UsersCommand, database_url: &str) -> Result<(), AnyError> {
    let clocks = Clocks::system();
    let db = platform::open_database(database_url, &clocks, None).await?;
    let now = clocks.wire.now();
    match command {
        UsersCommand::Add { email, name, role, discom } => {
            add(&db, &clocks, email, name, role, discom).await?
        }
        UsersCommand::List { limit } => {
            for row in db.read(move |tx| admin::list(tx, None, limit).boxed()).await? {
                let contact = row.email.or(row.phone).unwrap_or_else(|| row.user.handle.clone());
                let locked = if row.user.locked { "  locked" } else { "" };
                println!("{}  {:<9} {contact}{locked}", row.user.id, row.user.role.as_str());
            }
        }
        UsersCommand::Role { user, role, discom } => {
            let role = Role::parse(&role).ok_or(IdentityError::RoleUnknown)?;
            let changed = db.write(move |tx| {
                let (user, discom) = (user.clone(), discom.clone());
                async move {
                    let user = admin::named(tx, &user).await?;
                    admin::set_role(tx, user.id, role, discom.as_deref(), now).await
                }
                .boxed()
            });
            println!("{} is {} now", changed.await?.display_name, role.as_str());
        }
        UsersCommand::Lock { user } => lock(&db, user, true, now).await?,
        UsersCommand::Unlock { user } => lock(&db, user, false, now).await?,
    }
    db.close().await;
    Ok(())
}

async fn lock(db: &Db, user: String, locked: bool, now: units::Timestamp) -> Result<(), AnyError> {
    let changed = db.write(move |tx| {
        let user = user.clone();
        async move {
            let user = admin::named(tx, &user).await?;
            admin::set_lock(tx, user.id, locked, now).await
        }
        .boxed()
    });
    println!("{} is {}", changed.await?.display_name, if locked { "locked" } else { "unlocked" });
    Ok(())
}

async fn add(
    db: &Db,
    clocks: &Clocks,
    email: String,
    name: String,
    role: String,
    discom: Option<String>,
) -> Result<(), AnyError> {
    let (ids, now) = (Ids::system(), clocks.wire.now());
    let role = Role::parse(&role).ok_or(IdentityError::RoleUnknown)?;
    let (email, name) = (contact::email(&email)?, contact::name(&name)?);
    let word = |bytes: [u8; 12]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (password, nobodys) = (word(ids.bytes()), word(ids.bytes()));
    check_password(&password, &email)?;
    let hash = Hasher::new(ids.clone()).hash(&password).await?;
    let id = ids.uuid();
    let user = NewUser {
        id,
        handle: id.to_string(),
        display_name: name.clone(),
        token: nobodys,
        payout_name: name,
        payout_vpa: String::new(),
    };
    let row = (user, email.clone(), hash);
    let added = db.write(move |tx| {
        let ((user, email, hash), discom) = (row.clone(), discom.clone());
        async move {
            let user = identity::add(tx, &user, now).await?;
            identity::enter(tx, user.id, &email, Some(hash), now).await?;
            admin::set_role(tx, user.id, role, discom.as_deref(), now).await
        }
        .boxed()
    });
    let user = added.await?;
    println!("user id         {}", user.id);
    println!("role            {}", user.role.as_str());
    println!("e-mail          {email}");
    println!("password        {password}");
    Ok(())
}
