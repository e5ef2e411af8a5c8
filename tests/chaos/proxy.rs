//! A proxy that is trouble: byte by byte, in front of a conforming endpoint.

use super::mischief::{Answer, Mischief, Random, spoil};
use mrkspec::Target;
use mrkspec::internals::embedded;
use mrkspec_reference::{Server, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// When an answer is spoilt.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// Every one, after so many good ones.
    After(u64),
    /// So many of a thousand, after so many good ones.
    PerMille(u64, u64),
}

/// What is to go wrong, and when.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub mischief: Mischief,
    pub when: When,
    pub seed: u64,
}

struct Proxy {
    plan: Plan,
    http: reqwest::Client,
    /// The endpoint, and the one that stands in its place after it was started anew.
    upstream: [String; 2],
    answered: AtomicU64,
    killed: watch::Sender<bool>,
}

/// An endpoint behind a proxy. It answers for as long as the servers live.
pub async fn behind(plan: Plan) -> ([Server; 2], Target) {
    let settings = Settings { day: Duration::from_secs(3600), ..Settings::default() };
    let (first, target) = embedded(settings.clone()).await.expect("a loopback port");
    let (second, other) = embedded(settings).await.expect("a loopback port");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let proxy = Arc::new(Proxy {
        plan,
        http: reqwest::Client::new(),
        upstream: [target.endpoint.clone(), other.endpoint],
        answered: AtomicU64::new(0),
        killed: watch::Sender::new(false),
    });
    tokio::spawn(async move {
        let mut killed = proxy.killed.subscribe();
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => { tokio::spawn(serve(proxy.clone(), stream)); }
                _ = killed.wait_for(|k| *k) => return,
            }
        }
    });
    let mut behind = target;
    behind.name = "chaos".into();
    behind.endpoint = endpoint;
    ([first, second], behind)
}

async fn serve(proxy: Arc<Proxy>, stream: TcpStream) {
    let mut killed = proxy.killed.subscribe();
    tokio::select! {
        _ = talk(&proxy, BufReader::new(stream)) => {}
        _ = killed.wait_for(|k| *k) => {}
    }
}

async fn talk(proxy: &Proxy, mut stream: BufReader<TcpStream>) -> std::io::Result<()> {
    let mut last = None;
    loop {
        let (mut headers, mut length) = (Vec::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.trim().split_once(": ") {
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.parse().unwrap_or(0);
                }
                headers.push((name.to_ascii_lowercase(), value.to_string()));
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        if !proxy.answer(&mut stream, &mut last, headers, body).await? {
            return Ok(());
        }
    }
}

impl Proxy {
    /// What is to be done to the next answer.
    fn next(&self) -> (Option<Mischief>, Random) {
        let number = self.answered.fetch_add(1, Relaxed);
        let mut random = Random(self.plan.seed.wrapping_mul(1 << 32).wrapping_add(number));
        let now = match self.plan.when {
            When::After(good) => number >= good,
            When::PerMille(rate, good) => number >= good && random.next() % 1000 < rate,
        };
        (now.then_some(self.plan.mischief), random)
    }

    /// Carries a request out, and answers. False when the connection is to end.
    async fn answer(
        &self,
        stream: &mut BufReader<TcpStream>,
        last: &mut Option<Answer>,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    ) -> std::io::Result<bool> {
        let (mischief, mut random) = self.next();
        if mischief == Some(Mischief::Killed) {
            self.killed.send_replace(true);
            return Ok(false);
        }
        let anew = usize::from(mischief == Some(Mischief::Restarted));
        let mut request = self.http.post(format!("{}/", self.upstream[anew])).body(body);
        for (name, value) in headers.iter().filter(|(n, _)| n != "content-length" && n != "connection") {
            request = request.header(name, value);
        }
        let came = request.send().await.map_err(std::io::Error::other)?;
        let headers = came.headers().iter().filter(|(n, _)| *n != "content-length" && *n != "transfer-encoding");
        let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap_or_default().to_string())).collect();
        let status = came.status().as_u16();
        let answer = Answer { status, headers, body: came.bytes().await.map_err(std::io::Error::other)?.to_vec() };
        let Some(mischief) = mischief else {
            stream.write_all(&answer.whole()).await?;
            *last = Some(answer);
            return Ok(true);
        };
        match mischief {
            Mischief::Silence => std::future::pending().await,
            Mischief::Drip => {
                for byte in answer.whole() {
                    stream.write_all(&[byte]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Ok(true)
            }
            Mischief::Reset => {
                stream.get_ref().set_zero_linger()?;
                Ok(false)
            }
            Mischief::Endless => {
                stream.write_all(&answer.bytes(None)).await?;
                loop {
                    stream.write_all(&[b' '; 1 << 16]).await?;
                }
            }
            Mischief::Swapped => {
                // The one before on this connection was read before this was asked: which of two answers of one time
                // is right nobody could tell.
                stream.write_all(&last.clone().unwrap_or(answer).whole()).await?;
                Ok(true)
            }
            mischief => {
                let (bytes, good) = spoil(&answer, mischief, &mut random);
                stream.write_all(&bytes).await?;
                Ok(good)
            }
        }
    }
}
