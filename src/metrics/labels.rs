//! The labels numbers are split by. The values are fixed, so no request can make the set of numbers grow.

use super::Expose;

macro_rules! labels {
    ($(#[$doc:meta])* $label:ident, $per:ident, $name:literal, { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $label {
            $($(#[$value_doc])* $value,)+
        }

        #[doc = concat!("A number for each [`", stringify!($label), "`].")]
        #[derive(Debug, Default)]
        #[expect(non_snake_case, reason = "the fields are named after the values")]
        pub struct $per<T> {
            $($value: T,)+
        }

        impl<T> $per<T> {
            /// The number under this label.
            pub fn of(&self, label: $label) -> &T {
                match label {
                    $($label::$value => &self.$value,)+
                }
            }
        }

        impl<T: Expose> Expose for $per<T> {
            fn expose(&self, labels: &str, line: &mut dyn FnMut(&str, u64)) {
                let comma = if labels.is_empty() { "" } else { "," };
                $(self.$value.expose(&format!("{labels}{comma}{}=\"{}\"", $name, $text), line);)+
            }
        }
    };
}

labels! {
    /// Which door answered an HTTP request.
    Door, PerDoor, "door", {
        Api = "api",
        Web = "web",
        Agents = "agents",
        Control = "control",
        /// No door knew the path.
        Nobody = "nobody",
    }
}

labels! {
    /// The class of an HTTP status (RFC 9110, section 15).
    Status, PerStatus, "status", {
        Informational = "1xx",
        Success = "2xx",
        Redirection = "3xx",
        ClientError = "4xx",
        ServerError = "5xx",
    }
}

labels! {
    /// Why an MQTT connection was refused.
    Refusal, PerRefusal, "reason", {
        /// Not MQTT, a protocol version Pym does not speak, or a malformed CONNECT.
        Protocol = "protocol",
        /// A client identifier that is missing or too long.
        ClientId = "client_id",
        Credentials = "credentials",
        /// Known, but blocked, suspended or removed.
        Forbidden = "forbidden",
        /// A limit on connections or sessions was reached.
        Busy = "busy",
        /// No CONNECT in time.
        Timeout = "timeout",
    }
}

labels! {
    /// What is wrong with an MQTT packet.
    Defect, PerDefect, "reason", {
        /// A remaining length of more than four bytes.
        Length = "length",
        TooLarge = "too_large",
        /// A type that no client sends, or not at that point.
        Type = "type",
        Flags = "flags",
        Protocol = "protocol",
        /// A packet that ends early or late, or lacks what it must hold.
        Body = "body",
        Text = "text",
        Qos = "qos",
        PacketId = "packet_id",
        /// A topic name or filter that cannot be.
        Topic = "topic",
        /// A bound of the session.
        Bound = "bound",
    }
}

labels! {
    /// What became of an operation.
    Outcome, PerOutcome, "outcome", {
        Sent = "sent",
        Completed = "completed",
        Failed = "failed",
        Expired = "expired",
        Cancelled = "cancelled",
    }
}

impl Status {
    /// The class of a status code; a code outside 100 to 599 is the server's error.
    #[must_use]
    pub const fn from_code(code: u16) -> Self {
        match code {
            100..=199 => Self::Informational,
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}
