//! The one place that acts: it owns the terminal, feeds events to the UI, does what the UI asks for, and draws.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crossterm::event::{Event as Input, EventStream};
use futures_util::StreamExt as _;
use ratatui::DefaultTerminal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::app::App;
use super::charset::Charset;
use super::event::{Action, Event, Reply};
use super::state::page::MAX_POINTS;
use super::{conn, view};
use crate::client::device::DeviceQuery;
use crate::client::operation::OperationQuery;
use crate::client::telemetry::SeriesQuery;
use crate::client::{Client, DeviceKey};
use crate::model::id::DeviceId;
use crate::model::page::MAX_PAGE;
use crate::model::timestamp::Timestamp;

/// The most events that wait for the UI; what makes them waits when it is full, and the daemon behind it.
const MAX_EVENTS: usize = 256;
/// The most questions to the daemon at a time.
const MAX_QUESTIONS: usize = 8;
/// The most metrics of one device whose history is asked for.
const MAX_SERIES: usize = 32;
/// The most operations of one device that are asked for.
const MAX_DEVICE_OPERATIONS: u32 = 100;
/// The shortest time between two frames.
const FRAME: Duration = Duration::from_millis(40);

/// What the program was started with.
#[derive(Debug)]
pub struct Options {
    /// The control socket; found by itself when absent.
    pub socket: Option<PathBuf>,
    pub charset: Charset,
}

/// Why the terminal UI ended, or could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this needs a terminal to draw on; pymctl is for scripts")]
    NoTerminal,
    #[error("cannot {doing}")]
    Terminal { doing: &'static str, source: io::Error },
    #[error("the terminal UI failed within")]
    Task { source: tokio::task::JoinError },
    #[error("the frame drawn for the self-test does not show the site")]
    EmptyFrame,
}

/// Runs the terminal UI until the person quits or a signal comes; leaves the terminal as it was, after a panic too.
///
/// # Errors
/// There is no terminal, or it went away.
pub async fn run(options: Options) -> Result<(), Error> {
    if !io::stdout().is_terminal() {
        return Err(Error::NoTerminal);
    }
    let fail = |doing| move |source| Error::Terminal { doing, source };
    let (sender, events) = channel(MAX_EVENTS);
    let retry = Arc::new(Notify::new());
    let client = Client::local(options.socket);
    let mut sources = JoinSet::new();
    sources.spawn(signals(sender.clone())?);
    let mut terminal = ratatui::try_init().map_err(fail("set the terminal up"))?;
    sources.spawn(keys(sender.clone()));
    sources.spawn(ticks(sender.clone()));
    sources.spawn(conn::follow(client.clone(), sender.clone(), Arc::clone(&retry)));
    let mut runner = Runner { client, sender, retry, questions: JoinSet::new(), sources, charset: options.charset };
    let ended = runner.run(&mut terminal, events).await;
    drop(terminal);
    ratatui::try_restore().map_err(fail("restore the terminal"))?;
    ended
}

struct Runner {
    client: Client,
    sender: Sender<Event>,
    retry: Arc<Notify>,
    questions: JoinSet<()>,
    /// The tasks that make events; none ends before the UI does.
    sources: JoinSet<()>,
    charset: Charset,
}

impl Runner {
    async fn run(&mut self, terminal: &mut DefaultTerminal, mut events: Receiver<Event>) -> Result<(), Error> {
        let mut app = App::default();
        app.update(Event::Tick, now());
        loop {
            let drawn = Instant::now();
            terminal
                .draw(|frame| view::draw(frame, &app, self.charset))
                .map_err(|source| Error::Terminal { doing: "draw on the terminal", source })?;
            let first = tokio::select! {
                event = events.recv() => event,
                Some(ended) = self.sources.join_next() => {
                    ended.map_err(|source| Error::Task { source })?;
                    continue;
                }
            };
            sleep_until(drawn + FRAME).await;
            let mut waiting = first;
            // No more than were waiting, so that drawing gets its turn.
            for _ in 0..MAX_EVENTS {
                let Some(event) = waiting else { break };
                for action in app.update(event, now()) {
                    match action {
                        Action::Quit => return Ok(()),
                        Action::Repaint => terminal
                            .clear()
                            .map_err(|source| Error::Terminal { doing: "clear the terminal", source })?,
                        Action::Retry => self.retry.notify_one(),
                        question => self.ask(question),
                    }
                }
                waiting = events.try_recv().ok();
            }
        }
    }

    fn ask(&mut self, question: Action) {
        while self.questions.try_join_next().is_some() {}
        let (client, sender) = (self.client.clone(), self.sender.clone());
        let busy = self.questions.len() >= MAX_QUESTIONS;
        self.questions.spawn(async move {
            if busy {
                tell(&sender, Reply::Failed("too many questions at once: try again".to_owned())).await;
            } else {
                answer(&client, question, &sender).await;
            }
        });
    }
}

/// Asks the daemon, and tells the UI what it answered.
async fn answer(client: &Client, question: Action, sender: &Sender<Event>) {
    let reply = match question {
        Action::Device(id) => {
            let detail = client.device(&id.into()).await.map(Box::new).map_err(|error| conn::chain(&error));
            tell(sender, Reply::Device(id, detail)).await;
            let query = OperationQuery {
                device: Some(DeviceKey::from(id)),
                limit: Some(MAX_DEVICE_OPERATIONS),
                ..OperationQuery::default()
            };
            match client.operations(&query).await {
                Ok(page) => Reply::Operations(id, page.items),
                Err(error) => Reply::Failed(conn::chain(&error)),
            }
        }
        Action::Find(text) => {
            let query = DeviceQuery { query: Some(text.clone()), limit: Some(MAX_PAGE), ..DeviceQuery::default() };
            let answer = client.devices(&query).await;
            Reply::Found(text, answer.map(|page| page.items).map_err(|error| conn::chain(&error)))
        }
        Action::Series(id, metrics) => return series(client, id, metrics, sender).await,
        Action::DeviceType(id, name) => {
            let answer = client.device_type(&name).await;
            Reply::DeviceType(id, answer.map(Box::new).map_err(|error| conn::chain(&error)))
        }
        Action::Send(activity) => {
            let answer = client.send_operation(&activity).await;
            Reply::Sent(answer.map(Box::new).map_err(|error| conn::chain(&error)))
        }
        Action::Cancel(id) => {
            let answer = client.cancel_operation(id).await;
            Reply::Cancelled(answer.map(Box::new).map_err(|error| conn::chain(&error)))
        }
        Action::Setup(setup) => {
            let answer = client.setup(&setup).await;
            Reply::SetUp(answer.map(|user| user.name).map_err(|error| conn::chain(&error)))
        }
        Action::Quit | Action::Repaint | Action::Retry => return,
    };
    tell(sender, reply).await;
}

async fn series(client: &Client, id: DeviceId, metrics: Vec<String>, sender: &Sender<Event>) {
    let limit = u32::try_from(MAX_POINTS).ok();
    for metric in metrics.into_iter().take(MAX_SERIES) {
        match client.series(&id.into(), &metric, &SeriesQuery { limit, ..SeriesQuery::default() }).await {
            Ok(series) => tell(sender, Reply::Series(id, series)).await,
            Err(error) => return tell(sender, Reply::Failed(conn::chain(&error))).await,
        }
    }
}

/// The UI is gone when this fails, and then nobody wants to know.
async fn tell(sender: &Sender<Event>, reply: Reply) {
    let _ = sender.send(Event::Reply(reply)).await;
}

async fn keys(sender: Sender<Event>) {
    let mut input = EventStream::new();
    loop {
        let event = match input.next().await {
            Some(Ok(Input::Key(key))) => Event::Key(key),
            Some(Ok(Input::Resize(..))) => Event::Resized,
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => Event::Quit,
        };
        let last = matches!(event, Event::Quit);
        if sender.send(event).await.is_err() || last {
            return;
        }
    }
}

async fn ticks(sender: Sender<Event>) {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        if sender.send(Event::Tick).await.is_err() {
            return;
        }
    }
}

/// Takes the signals that end a program, before the terminal is changed.
fn signals(sender: Sender<Event>) -> Result<impl Future<Output = ()>, Error> {
    let take = |kind| signal(kind).map_err(|source| Error::Terminal { doing: "wait for signals", source });
    let mut terminate = take(SignalKind::terminate())?;
    let mut interrupt = take(SignalKind::interrupt())?;
    let mut hangup = take(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
        let _ = sender.send(Event::Quit).await;
    })
}

/// The time by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().plus(since)
}
