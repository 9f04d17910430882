//! What all fixtures said, mixed: many connections at once, the same ends again and again, keys in between, packets lost, and a clock that
//! stands still, leaps, and runs backwards.

use wscope::capture::{Capture, Item, Packet};
use wscope::time::Timestamp;

use super::{difference, key_log, read, wishes};
use crate::fixtures;
use crate::traffic::Rng;

/// A fixture's packets, and its key log.
struct Part {
    packets: Vec<(Packet<'static>, Vec<u8>)>,
    log: Option<Vec<u8>>,
}

fn parts() -> Vec<Part> {
    let mut parts = Vec::new();
    for case in fixtures::readable() {
        let mut capture = Capture::open(&case.path(case.capture.as_deref().unwrap())).unwrap();
        let mut packets = Vec::new();
        while let Ok(Some(item)) = capture.next_item() {
            if let Item::Packet(packet) = item {
                let apart = Packet {
                    bytes: &[],
                    ..packet
                };
                packets.push((apart, packet.bytes.to_vec()));
            }
        }
        if packets.len() < 2000 {
            let log = key_log(&case);
            parts.push(Part { packets, log });
        }
    }
    parts
}

/// What stands next: so many nanoseconds later, a packet of a part, or its keys.
struct Next {
    later: i64,
    part: usize,
    packet: Option<usize>,
}

fn script(parts: &[Part], random: &mut Rng) -> Vec<Next> {
    let mut script = Vec::new();
    let at_once = 1 + random.below(6);
    let leaps = random.below(2) == 0;
    let mut left = 30 + random.below(40);
    let mut playing: Vec<(usize, usize)> = Vec::new();
    loop {
        while playing.len() < at_once && left > 0 {
            left -= 1;
            playing.push((random.below(parts.len()), 0));
        }
        if playing.is_empty() {
            return script;
        }
        let who = random.below(playing.len());
        let (part, at) = &mut playing[who];
        let part = *part;
        for packet in (*at..parts[part].packets.len()).take(1 + random.below(8)) {
            *at = packet + 1;
            let later = match random.below(200) {
                0 => 3_000_000_000,
                1 if leaps => 90_000_000_000,
                2 if leaps => -2_000_000_000,
                3 => 200_000_000,
                _ => i64::try_from(random.below(2_000_000)).unwrap(),
            };
            let mut push = |later, packet| {
                script.push(Next {
                    later,
                    part,
                    packet,
                });
            };
            if random.below(60) == 0 {
                push(0, None);
            }
            if random.below(100) > 0 {
                push(later, Some(packet));
            }
        }
        if *at == parts[part].packets.len() || random.below(400) == 0 {
            playing.swap_remove(who);
        }
    }
}

#[test]
fn several_threads_tell_of_all_that_is_mixed_what_one_does() {
    let parts = parts();
    for seed in [8, 17, 44, 86] {
        let mut random = Rng(seed);
        let script = script(&parts, &mut random);
        for (wish, options) in wishes().into_iter().enumerate() {
            let run = |how| {
                let (mut steps, mut now, mut number) = (script.iter(), 1_000_000_000_000, 0);
                let next = |take: &mut dyn FnMut(Item<'_>)| {
                    let Some(next) = steps.next() else {
                        return false;
                    };
                    let part = &parts[next.part];
                    now += next.later;
                    match next.packet {
                        Some(at) => {
                            let (packet, bytes) = &part.packets[at];
                            number += 1;
                            take(Item::Packet(Packet {
                                number,
                                time: Timestamp(now),
                                bytes,
                                ..*packet
                            }));
                        }
                        None => take(Item::Secrets(part.log.as_deref().unwrap_or_default())),
                    }
                    true
                };
                read(next, None, options, how)
            };
            let one = run((1, 1));
            let behind = 1 + random.below(script.len() + 2) as u64;
            let how = (2 + random.below(7), behind);
            let difference = difference(&one, &run(how));
            assert_eq!(difference, None, "seed {seed}, wish {wish}, {how:?}");
        }
    }
}
