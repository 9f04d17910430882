//! Plain messages, the usual case: in one frame, which is there whole, and of which no rule can have anything to say.

use super::checks::Checks;
use super::frames::FrameFacts;
use super::messages::Shape;
use super::{masks, performance};
use crate::span::Trust;

impl Checks {
    /// A message and its only frame, whose payload is there whole, as it stands on the wire: takes it where no rule can have anything to
    /// say of it, as [`frame`](Self::frame), [`wire`](Self::wire), [`message`](Self::message) and [`end_frame`](Self::end_frame) would;
    /// else nothing is taken. `valid_utf8` is that of a text.
    pub(crate) fn single(
        &mut self,
        facts: &FrameFacts<'_>,
        wire: &[u8],
        valid_utf8: Option<bool>,
    ) -> bool {
        let Some(channel) = &mut self.channel else {
            return false;
        };
        let header = facts.header;
        let is_plain = facts.trust <= Trust::Carried
            && facts.is_ordinary()
            && header.payload_len <= performance::LONG
            && valid_utf8 != Some(false)
            && channel.is_open()
            && !channel.wants_binary
            && !(header.masking_key.is_some() && masks::looks_like_http(wire));
        if !is_plain {
            return false;
        }
        channel.note_idle(facts);
        let talk = &mut channel.talks[facts.direction];
        talk.add(header);
        talk.split.push(header.payload_len, false);
        talk.note_stream(facts);
        talk.shape = Shape::default();
        talk.take_base64();
        talk.inside = false;
        talk.messages += 1;
        talk.largest_message = talk.largest_message.max(header.payload_len);
        talk.push_plain(header.payload_len);
        if let Some(key) = header.masking_key {
            self.mask(key, facts);
        }
        true
    }
}
