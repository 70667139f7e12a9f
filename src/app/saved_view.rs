//! The views of the list of devices that people keep, each for themselves.

use super::{App, Error};
use crate::model::actor::{Actor, Principal};
use crate::model::audit::Outcome;
use crate::model::id::UserId;
use crate::model::saved_view::{MAX_VIEWS, SavedView, check_view};
use crate::store::Flush;

impl App {
    /// The caller's views, by name; none for callers who are no person.
    ///
    /// # Errors
    /// A failure of the store.
    pub async fn saved_views(&self, actor: &Actor) -> Result<Vec<SavedView>, Error> {
        let Principal::User { id, .. } = actor.principal else { return Ok(Vec::new()) };
        self.inner.store.read(move |rx| Ok(rx.saved_views(id)?)).await
    }

    /// Keeps a query string of the list under a name, in place of the caller's other view of that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name or query that cannot be, [`Error::Conflict`] for one view too many or a caller who
    /// is no person.
    pub async fn save_view(&self, actor: &Actor, name: String, query: String) -> Result<(), Error> {
        let (user, now, actor) = (person(actor)?, self.inner.clock.now(), actor.clone());
        check_view(&name, &query).map_err(|(field, why)| Error::invalid(field, why))?;
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                let views = tx.saved_views(user)?;
                let known = views.iter().any(|view| view.name.eq_ignore_ascii_case(&name));
                if views.len() >= MAX_VIEWS && !known {
                    return Err(Error::Conflict(format!("you keep {MAX_VIEWS} views already; delete one first")));
                }
                tx.put_saved_view(user, &name, &query, now)?;
                tx.audit(now, &actor, "view.save", &name, Outcome::Done, &query)?;
                Ok(())
            })
            .await
    }

    /// Forgets a view of the caller's; to do it twice is no error.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a caller who is no person.
    pub async fn delete_view(&self, actor: &Actor, name: String) -> Result<(), Error> {
        let (user, now, actor) = (person(actor)?, self.inner.clock.now(), actor.clone());
        self.inner
            .store
            .write(Flush::Now, move |tx| {
                if tx.delete_saved_view(user, &name)? {
                    tx.audit(now, &actor, "view.delete", &name, Outcome::Done, "")?;
                }
                Ok(())
            })
            .await
    }
}

fn person(actor: &Actor) -> Result<UserId, Error> {
    match actor.principal {
        Principal::User { id, .. } => Ok(id),
        _ => Err(Error::Conflict("views are kept for people who log in".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{operator, site, user};

    #[tokio::test]
    async fn people_keep_views_each_for_themselves() {
        let site = site().await;
        let mut people = Vec::new();
        for name in ["ada", "bob"] {
            let made = site.app.create_user(&operator(), user(name, "viewer"), "correct horse battery").await.unwrap();
            people.push(Actor { principal: Principal::User { id: made.id, name: name.to_owned() }, ..operator() });
        }
        let (ada, bob) = (&people[0], &people[1]);
        let save = async |actor: &Actor, name: &str, query: &str| {
            site.app.save_view(actor, name.to_owned(), query.to_owned()).await
        };
        save(ada, "Old", "q=os%3C9").await.unwrap();
        save(ada, "old", "q=os%3C8").await.unwrap();
        let views = site.app.saved_views(ada).await.unwrap();
        assert_eq!(views.iter().map(|view| (&*view.name, &*view.query)).collect::<Vec<_>>(), [("old", "q=os%3C8")]);
        assert!(site.app.saved_views(bob).await.unwrap().is_empty());
        for number in 1..MAX_VIEWS {
            save(ada, &format!("view {number}"), "").await.unwrap();
        }
        assert!(matches!(save(ada, "more", "").await, Err(Error::Conflict(_))));
        save(ada, "old", "").await.unwrap();
        assert!(matches!(save(bob, "x", "a b").await, Err(Error::Invalid { field: "query", .. })));
        site.app.delete_view(bob, "old".to_owned()).await.unwrap();
        assert_eq!(site.app.saved_views(ada).await.unwrap().len(), MAX_VIEWS, "nobody deletes another's");
        site.app.delete_view(ada, "OLD".to_owned()).await.unwrap();
        site.app.delete_view(ada, "OLD".to_owned()).await.unwrap();
        assert_eq!(site.app.saved_views(ada).await.unwrap().len(), MAX_VIEWS - 1);
        assert!(matches!(save(&operator(), "x", "").await, Err(Error::Conflict(_))));
        site.app.delete_user(&operator(), "ada").await.unwrap();
        assert!(site.app.saved_views(ada).await.unwrap().is_empty(), "views go with their person");
    }
}
