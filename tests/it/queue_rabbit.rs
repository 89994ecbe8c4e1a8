//! What only RabbitMQ does: operators, alarms, restarts, certificates.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gravure::queue::rabbit::{AmqpSettings, RabbitPublisher, RabbitQueue, reach};
use gravure::queue::{
    DeadAction, Delivery, JobMessage, JobQueue, Publisher, QueueError, QueueEvent, ResultMessage, Routed, Settled,
};
use gravure::telemetry::Secret;
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;

use crate::rabbit_node::{RabbitNode, clean_up, close_connections, connect, ctl, settings, shared_url};

const PATIENCE: Duration = Duration::from_secs(60);
/// From the broker's accepting to our consuming.
const BACK_WITHIN: Duration = Duration::from_secs(15);

async fn event(queue: &RabbitQueue) -> QueueEvent {
    let event = tokio::time::timeout(PATIENCE, queue.next()).await.expect("an event in time");
    event.expect("a queue that is open")
}

async fn up(queue: &RabbitQueue) {
    let event = event(queue).await;
    assert!(matches!(event, QueueEvent::Up { .. }), "{event:?}");
}

async fn down(queue: &RabbitQueue) -> String {
    match event(queue).await {
        QueueEvent::Down { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

/// The next job, whatever happens before.
async fn next_job(queue: &RabbitQueue) -> Delivery {
    loop {
        if let QueueEvent::Delivery(delivery) = event(queue).await {
            return delivery;
        }
    }
}

fn job(id: &str) -> JobMessage {
    JobMessage {
        message_id: id.to_owned(),
        lane: "jobs".to_owned(),
        body: format!("{{\"id\": \"{id}\"}}").into_bytes(),
    }
}

fn result(campaign: &str) -> ResultMessage {
    ResultMessage { message_id: "r".into(), campaign: campaign.to_owned(), reply_to: None, body: b"{}".to_vec() }
}

async fn delete_exchange(url: &str, name: &str) {
    let channel = connect(url).await.create_channel().await.expect("a channel");
    channel.exchange_delete(name.into(), ExchangeDeleteOptions::default()).await.expect("deleted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_declared_anew() {
    let (url, settings) = (shared_url(), settings(&shared_url()));
    let (queue, publisher) = (RabbitQueue::start(settings.clone()), RabbitPublisher::new(settings.clone()));
    up(&queue).await;
    publisher.publish_job(job("first")).await.expect("a confirm");
    assert_eq!(queue.ack(next_job(&queue).await.tag).await, Settled::Done);
    let channel = connect(&url).await.create_channel().await.expect("a channel");
    let name = settings.name("jobs");
    channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.expect("deleted");
    assert!(down(&queue).await.contains("\"jobs\""));
    up(&queue).await;
    publisher.publish_job(job("second")).await.expect("a confirm");
    assert_eq!(&*next_job(&queue).await.body, br#"{"id": "second"}"#);
    queue.close().await;
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_brings_back_what_was_deleted() {
    let (url, settings) = (shared_url(), settings(&shared_url()));
    let publisher = RabbitPublisher::new(settings.clone());
    publisher.publish_job(job("first")).await.expect("a confirm");
    let channel = connect(&url).await.create_channel().await.expect("a channel");
    let name = settings.name("jobs");
    channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.expect("deleted");
    publisher.publish_job(job("second")).await.expect("a confirm");
    delete_exchange(&url, &name).await;
    let confirms = (0..20).map(|number| publisher.publish_job(job(&number.to_string())));
    assert_eq!(join_all(confirms).await, vec![Ok(()); 20]);
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_properties_is_named() {
    let (url, mut settings) = (shared_url(), settings(&shared_url()));
    reach(&settings).await.expect("declared");
    let channel = connect(&url).await.create_channel().await.expect("a channel");
    let name = settings.name("urgent");
    channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await.expect("deleted");
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.as_str().into(), options, FieldTable::default()).await.expect("a queue");
    let refused = reach(&settings).await;
    let Err(QueueError::Refused(message)) = refused else { panic!("{refused:?}") };
    assert!(message.contains(&name) && message.contains("passive"), "{message}");

    settings.deaf_secs = 1;
    let queue = RabbitQueue::start(settings.clone());
    let QueueEvent::Deaf { reason } = event(&queue).await else { panic!("a consumer") };
    assert!(reason.contains(&name), "{reason}");
    queue.close().await;

    let queue = RabbitQueue::start(AmqpSettings { passive: true, ..settings.clone() });
    up(&queue).await;
    queue.close().await;
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passive_settings_make_nothing() {
    let url = shared_url();
    let settings = AmqpSettings { passive: true, ..settings(&url) };
    let missing = |outcome: Result<(), QueueError>, name: &str| match outcome {
        Err(QueueError::Refused(message)) => assert!(message.contains(name), "{message}"),
        other => panic!("{other:?}"),
    };
    missing(reach(&settings).await, &settings.name("jobs"));
    missing(RabbitPublisher::new(settings.clone()).publish_job(job("a")).await, &settings.name("jobs"));

    reach(&AmqpSettings { passive: false, ..settings.clone() }).await.expect("declared");
    let queue = RabbitQueue::start(settings.clone());
    up(&queue).await;
    delete_exchange(&url, &settings.name("results")).await;
    missing(queue.publish_result(&result("c")).await.map(drop), &settings.name("results"));
    queue.close().await;
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_exchange_of_results_is_declared_anew() {
    let (url, settings) = (shared_url(), settings(&shared_url()));
    let queue = RabbitQueue::start(settings.clone());
    up(&queue).await;
    assert_eq!(queue.publish_result(&result("c")).await, Ok(Routed::Nowhere));
    delete_exchange(&url, &settings.name("results")).await;
    assert_eq!(queue.publish_result(&result("c")).await, Ok(Routed::Nowhere));
    // A name that the protocol has no room for is an error of this one result.
    assert!(matches!(queue.publish_result(&result(&"c".repeat(300))).await, Err(QueueError::Refused(_))));
    queue.close().await;
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_survives_its_connection() {
    let (url, settings) = (shared_url(), settings(&shared_url()));
    let (queue, publisher) = (RabbitQueue::start(settings.clone()), RabbitPublisher::new(settings.clone()));
    let mut results = publisher.results("c").await.expect("a subscription");
    assert_eq!(close_connections(ctl, &format!("{} results", settings.prefix)), 1);
    // Heard again as soon as the queue is there again; until then nobody wants it.
    let published = async {
        while queue.publish_result(&result("c")).await != Ok(Routed::Queued) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, published).await.expect("a subscription again");
    let heard = tokio::time::timeout(PATIENCE, results.recv()).await.expect("in time");
    assert_eq!(heard.as_deref(), Some(&b"{}"[..]));
    queue.close().await;
    clean_up(&url, &settings).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_said_and_not_shown() {
    let settings = AmqpSettings { password: Some(Secret::new("hunter2")), ..settings(&shared_url()) };
    let error = reach(&settings).await.expect_err("a refusal").to_string();
    assert!(error.contains("password") && !error.contains("hunter2"), "{error}");
    let publisher = RabbitPublisher::new(settings);
    let error = publisher.publish_job(job("a")).await.expect_err("a refusal").to_string();
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alarm_holds_results_and_lets_acks_through() {
    let node = RabbitNode::start(&[("RABBITMQ_TLS", "1")]);
    let plain = AmqpSettings { confirm_timeout_ms: 3000, ..settings(&node.url()) };
    let url = node.printed("AMQPS_URL");
    let unknown = AmqpSettings { url: Some(Secret::new(url)), ..plain.clone() };
    let error = reach(&unknown).await.expect_err("a certificate of an authority that nobody knows").to_string();
    assert!(error.contains("amqps://localhost") && !error.contains("test-pass"), "{error}");
    let settings = AmqpSettings { ca_file: Some(node.printed("AMQPS_CA_FILE").into()), ..unknown };

    let (queue, publisher) = (RabbitQueue::start(settings.clone()), RabbitPublisher::new(plain));
    up(&queue).await;
    publisher.publish_job(job("a")).await.expect("a confirm");
    publisher.publish_job(job("b")).await.expect("a confirm");
    let (first, second) = (next_job(&queue).await, next_job(&queue).await);
    let mut results = publisher.results("c").await.expect("a subscription");
    node.ctl(&["-q", "set_vm_memory_high_watermark", "absolute", "1MB"]);
    let no_confirm = Err(QueueError::NoConfirm(Duration::from_secs(3)));
    // The broker looks at its memory every second.
    let alarmed = async { while queue.publish_result(&result("nobody")).await != no_confirm {} };
    tokio::time::timeout(PATIENCE, alarmed).await.expect("an alarm");
    assert_eq!(queue.publish_result(&result("c")).await, no_confirm);
    assert_eq!(queue.ack(first.tag).await, Settled::Done);
    assert_eq!(queue.hand_back(second.tag).await, Settled::Done);
    assert!(next_job(&queue).await.redelivered);
    node.ctl(&["-q", "set_vm_memory_high_watermark", "absolute", "512MB"]);
    let published = async { while queue.publish_result(&result("c")).await == no_confirm {} };
    tokio::time::timeout(PATIENCE, published).await.expect("a confirm after the alarm");
    // What was tried while the connection was blocked was never sent: no copies come once it is free.
    let mut heard = 0;
    while let Ok(Some(_)) = tokio::time::timeout(Duration::from_secs(1), results.recv()).await {
        heard += 1;
    }
    assert_eq!(heard, 1);
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_freezes_or_dies_is_left_and_found_again() {
    let mut node = RabbitNode::start(&[]);
    let settings = AmqpSettings { heartbeat_secs: 1, connect_timeout_ms: 3000, ..settings(&node.url()) };
    let (queue, publisher) = (RabbitQueue::start(settings.clone()), RabbitPublisher::new(settings.clone()));
    up(&queue).await;
    publisher.publish_job(job("a")).await.expect("a confirm");
    let held = next_job(&queue).await;

    node.signal("STOP");
    let frozen = Instant::now();
    down(&queue).await;
    assert!(frozen.elapsed() < Duration::from_secs(10), "{:?}", frozen.elapsed());
    assert_eq!(queue.ack(held.tag).await, Settled::Stale);
    assert!(reach(&settings).await.is_err());
    node.signal("CONT");
    let thawed = Instant::now();
    up(&queue).await;
    assert!(thawed.elapsed() < BACK_WITHIN, "{:?}", thawed.elapsed());
    let again = next_job(&queue).await;
    assert_eq!((again.redelivered, &again.body), (true, &held.body));

    node.kill();
    down(&queue).await;
    assert!(matches!(publisher.publish_job(job("b")).await, Err(QueueError::Unreachable(_))));
    node.start_again();
    let accepting = Instant::now();
    up(&queue).await;
    assert!(accepting.elapsed() < BACK_WITHIN, "{:?}", accepting.elapsed());
    let again = next_job(&queue).await;
    assert_eq!(again.body, held.body);
    assert_eq!(queue.ack(again.tag).await, Settled::Done);
    publisher.publish_job(job("b")).await.expect("a confirm");
    queue.close().await;
    assert_eq!(publisher.dead_letters(10, &mut |_| DeadAction::Keep).await, Ok(0));
}

/// Jobs a second with confirms, one after another and many at a time. A measurement, not a check.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn how_fast_jobs_are_published() {
    let (url, settings) = (shared_url(), settings(&shared_url()));
    let publisher = RabbitPublisher::new(settings.clone());
    publisher.publish_job(job("first")).await.expect("a confirm");
    for (count, at_a_time) in [(200, 1), (2000, 64), (5000, 500)] {
        let start = Instant::now();
        for _ in 0..count / at_a_time {
            let confirms = (0..at_a_time).map(|number| publisher.publish_job(job(&number.to_string())));
            assert!(join_all(confirms).await.iter().all(Result::is_ok));
        }
        let sent = count / at_a_time * at_a_time;
        println!("{at_a_time} at a time: {:.0} jobs/s", f64::from(sent) / start.elapsed().as_secs_f64());
    }
    clean_up(&url, &settings).await;
}
