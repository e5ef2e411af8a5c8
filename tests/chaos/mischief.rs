//! What can be wrong with an answer on its way.

use std::sync::OnceLock;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// No answer, and the connection stays open.
    Silence,
    /// A byte a second.
    Drip,
    /// The connection is reset.
    Reset,
    /// Nothing listens any more.
    Killed,
    /// The endpoint is started anew, and has forgotten everything.
    Restarted,
    /// The connection ends at this place.
    Cut(Place),
    /// Half of the body, with the length of a half.
    Half,
    /// No body, with the length of none.
    Empty,
    /// Fewer bytes than the length says.
    TooLong,
    /// More bytes than the length says.
    TooShort,
    Endless,
    /// A few bytes that become very many.
    GzipBomb,
    Deep,
    /// A member twice, with different values.
    Duplicate,
    BadUtf8,
    /// A number that no double can hold.
    HugeNumber,
    RandomBytes,
    Html502,
    Html200,
    Redirect,
    /// The answer to the call before, whoever's.
    Swapped,
}

/// Where an answer is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    StatusLine,
    Headers,
    BodyStart,
    Middle,
    LastByte,
}

use Mischief::*;

/// Everything that can be done to a single answer.
pub const ANSWERS: [Mischief; 21] = [
    Reset,
    Cut(Place::StatusLine),
    Cut(Place::Headers),
    Cut(Place::BodyStart),
    Cut(Place::Middle),
    Cut(Place::LastByte),
    Half,
    Empty,
    TooLong,
    TooShort,
    Endless,
    GzipBomb,
    Deep,
    Duplicate,
    BadUtf8,
    HugeNumber,
    RandomBytes,
    Html502,
    Html200,
    Redirect,
    Swapped,
];

/// An answer of the endpoint behind, and as bytes.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// With this length; with none when the end of the connection is the end of the body.
    pub fn bytes(&self, length: Option<usize>) -> Vec<u8> {
        let mut out = format!("HTTP/1.1 {} Whatever\r\n", self.status);
        for (name, value) in &self.headers {
            out += &format!("{name}: {value}\r\n");
        }
        out += &length.map_or(String::new(), |n| format!("content-length: {n}\r\n"));
        let mut out = (out + "\r\n").into_bytes();
        out.extend(&self.body);
        out
    }

    pub fn whole(&self) -> Vec<u8> {
        self.bytes(Some(self.body.len()))
    }

    fn with_body(&self, body: Vec<u8>) -> Answer {
        Answer { body, ..self.clone() }
    }

    fn with_member(&self, text: &str) -> Answer {
        let rest = self.body.strip_prefix(b"{").filter(|r| *r != b"}").unwrap_or_default();
        let comma = if rest.is_empty() { "" } else { "," };
        let end = if rest.is_empty() { "}" } else { "" };
        self.with_body([format!("{{{text}{comma}").as_bytes(), rest, end.as_bytes()].concat())
    }
}

/// The bytes of an answer to which this was done, and whether the connection is good afterwards.
pub fn spoil(answer: &Answer, mischief: Mischief, random: &mut Random) -> (Vec<u8>, bool) {
    let whole = answer.whole();
    let head = whole.len() - answer.body.len();
    let page = |status: u16, headers: &[(&str, &str)]| Answer {
        status,
        headers: headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect(),
        body: b"<!doctype html><title>Sorry</title><p>Something went wrong.</p>".to_vec(),
    };
    let html = [("content-type", "text/html")];
    let changed = match mischief {
        Cut(place) => {
            let end = match place {
                Place::StatusLine => 5,
                Place::Headers => head / 2,
                Place::BodyStart => head,
                Place::Middle => head + answer.body.len() / 2,
                Place::LastByte => whole.len() - 1,
            };
            return (whole[..end].to_vec(), false);
        }
        TooLong => return (answer.bytes(Some(answer.body.len() + 100)), false),
        TooShort => return (answer.bytes(Some(answer.body.len() * 2 / 3)), true),
        Half => answer.with_body(answer.body[..answer.body.len() / 2].to_vec()),
        Empty => answer.with_body(Vec::new()),
        GzipBomb => {
            let mut bomb = answer.with_body(BOMB.get_or_init(gzip_bomb).clone());
            bomb.headers.push(("content-encoding".into(), "gzip".into()));
            bomb
        }
        Deep => answer.with_body("{\"a\":".repeat(200_000).into_bytes()),
        Duplicate => answer.with_member(r#""Twice":1,"Twice":2"#),
        HugeNumber => answer.with_member(r#""Number":-1e999"#),
        BadUtf8 => {
            let mut changed = answer.with_member(r#""Text":"?""#);
            if let Some(place) = changed.body.iter().position(|b| *b == b'?') {
                changed.body[place] = 0xff;
            }
            changed
        }
        RandomBytes => answer.with_body((0..300).map(|_| random.next() as u8).collect()),
        Html502 => page(502, &html),
        Html200 => page(200, &html),
        Redirect => page(302, &[html[0], ("location", "http://127.0.0.1:1/")]),
        Silence | Drip | Reset | Killed | Restarted | Endless | Swapped => answer.clone(),
    };
    (changed.whole(), true)
}

static BOMB: OnceLock<Vec<u8>> = OnceLock::new();

/// A gzip file of one block: a zero, and then again and again the last 258 bytes once more (RFC 1951, fixed codes).
fn gzip_bomb() -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false, false, false, true, true, false, false, false, false];
    for _ in 0..400_000 {
        bits.extend([1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0].map(|b| b == 1));
    }
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend(bits.chunks(8).map(|byte| byte.iter().enumerate().fold(0, |all, (i, bit)| all | u8::from(*bit) << i)));
    out
}

/// SplitMix64: the same seed gives the same trouble.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
