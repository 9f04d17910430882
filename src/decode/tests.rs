#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

const PAYLOAD: &[u8] = b"\x81\x05Hello";
const ARP: &[u8] = &[0; 28];

/// A TCP segment with timestamps: 32 bytes and [`PAYLOAD`].
fn tcp() -> Vec<u8> {
    let mut bytes = vec![
        0x9c, 0x40, 0x23, 0x28, 0, 0, 1, 0, 0, 0, 2, 0, 0x80, 0x18, 1, 0,
    ];
    bytes.extend([0xab, 0xcd, 0, 0, 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9]);
    bytes.extend(PAYLOAD);
    bytes
}

fn v4(protocol: u8, field: u16, content: &[u8]) -> Vec<u8> {
    let len = (20 + content.len() as u16).to_be_bytes();
    let [f0, f1] = field.to_be_bytes();
    let header = [
        0x45, 0, len[0], len[1], 0x12, 0x34, f0, f1, 64, protocol, 0, 0,
    ];
    [&header, &[10, 0, 0, 1, 10, 0, 0, 2][..], content].concat()
}

fn v6(protocol: u8, content: &[u8]) -> Vec<u8> {
    let len = (content.len() as u16).to_be_bytes();
    let header = [0x60, 0, 0, 0, len[0], len[1], protocol, 64];
    [&header[..], &[1; 16], &[2; 16], content].concat()
}

fn ether(kind: u16, content: &[u8]) -> Vec<u8> {
    [&[0xee; 12][..], &kind.to_be_bytes(), content].concat()
}

fn udp(port: u16, content: &[u8]) -> Vec<u8> {
    let [p0, p1] = port.to_be_bytes();
    [&[0x30, 0x39, p0, p1, 0, 0, 0, 0][..], content].concat()
}

fn after(header: &[u8], content: &[u8]) -> Vec<u8> {
    [header, content].concat()
}

/// The seed packet in every wrapping: name, link type, bytes, what of it is link and what network.
fn wrappings() -> Vec<(&'static str, LinkType, Vec<u8>, u32, u32)> {
    let ip = v4(6, 0x4000, &tcp());
    let frame = ether(0x0800, &ip);
    let vxlan = |vni: u8, inner: &[u8]| {
        let header = [8, 0, 0, 0, 0, 0, vni, 0];
        v4(17, 0, &udp(4789, &after(&header, inner)))
    };
    let e = LinkType::ETHERNET;
    vec![
        ("ethernet", e, frame.clone(), 14, 20),
        (
            "padding and check sequence",
            e,
            after(&frame, &[0; 10]),
            24,
            20,
        ),
        ("vlan", e, ether(0x8100, &after(&[0, 5, 8, 0], &ip)), 18, 20),
        (
            "qinq",
            e,
            ether(0x88a8, &after(&[0, 5, 0x81, 0, 0, 6, 8, 0], &ip)),
            22,
            20,
        ),
        (
            "five tags",
            e,
            ether(
                0x9100,
                &after(
                    &[&[0, 1, 0x81, 0].repeat(4)[..], &[0, 1, 8, 0]].concat(),
                    &ip,
                ),
            ),
            34,
            20,
        ),
        (
            "mpls",
            e,
            ether(0x8847, &after(&[0, 1, 0, 64, 0, 1, 1, 64], &ip)),
            22,
            20,
        ),
        (
            "pseudowire",
            e,
            ether(0x8848, &after(&[0, 1, 1, 64, 0, 0, 0, 0], &frame)),
            36,
            20,
        ),
        (
            "pppoe",
            e,
            ether(0x8864, &after(&[0x11, 0, 0, 1, 0, 61, 0, 0x21], &ip)),
            22,
            20,
        ),
        (
            "snap",
            e,
            ether(67, &after(&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], &ip)),
            22,
            20,
        ),
        ("ipv6", e, ether(0x86dd, &v6(6, &tcp())), 14, 40),
        (
            "ipv6 extensions",
            e,
            ether(
                0x86dd,
                &v6(
                    0,
                    &after(
                        &[
                            60, 0, 0, 0, 0, 0, 0, 0, 51, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0, 0, 0,
                            0, 0, 0, 0, 0,
                        ],
                        &tcp(),
                    ),
                ),
            ),
            14,
            68,
        ),
        (
            "atomic fragment",
            e,
            ether(0x86dd, &v6(44, &after(&[6, 0, 0, 0, 0, 0, 0, 1], &tcp()))),
            14,
            48,
        ),
        (
            "sll",
            LinkType::LINUX_SLL,
            after(&[0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0], &ip),
            16,
            20,
        ),
        (
            "sll2",
            LinkType::LINUX_SLL2,
            after(
                &[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0],
                &ip,
            ),
            20,
            20,
        ),
        (
            "null, little",
            LinkType::NULL,
            after(&[2, 0, 0, 0], &ip),
            4,
            20,
        ),
        (
            "null, big",
            LinkType::NULL,
            after(&[0, 0, 0, 30], &v6(6, &tcp())),
            4,
            40,
        ),
        (
            "loop",
            LinkType::LOOP,
            after(&[0, 0, 0, 24], &v6(6, &tcp())),
            4,
            40,
        ),
        ("raw", LinkType::RAW, ip.clone(), 0, 20),
        ("ipv4", LinkType::IPV4, ip.clone(), 0, 20),
        ("raw ipv6", LinkType::IPV6, v6(6, &tcp()), 0, 40),
        ("ppp", LinkType::PPP, after(&[0xff, 3, 0, 0x21], &ip), 4, 20),
        (
            "ppp, bare",
            LinkType::PPP,
            after(&[0, 0x57], &v6(6, &tcp())),
            2,
            40,
        ),
        (
            "ppp, compressed",
            LinkType::PPP_HDLC,
            after(&[0x21], &ip),
            1,
            20,
        ),
        (
            "ppp, mpls",
            LinkType::PPP,
            after(&[2, 0x81, 0, 1, 1, 64], &ip),
            6,
            20,
        ),
        (
            "cisco",
            LinkType::PPP_HDLC,
            after(&[0x0f, 0, 8, 0], &ip),
            4,
            20,
        ),
        (
            "pppoe alone",
            LinkType::PPP_ETHER,
            after(&[0x11, 0, 0, 1, 0, 61, 0, 0x21], &ip),
            8,
            20,
        ),
        ("ip in ip", e, ether(0x0800, &v4(4, 0, &ip)), 14, 40),
        ("6in4", e, ether(0x0800, &v4(41, 0, &v6(6, &tcp()))), 14, 60),
        (
            "gre",
            e,
            ether(0x0800, &v4(47, 0, &after(&[0, 0, 8, 0], &ip))),
            14,
            44,
        ),
        (
            "gre with all fields",
            e,
            ether(
                0x0800,
                &v4(
                    47,
                    0,
                    &after(
                        &[0xb0, 0, 0x65, 0x58, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1],
                        &frame,
                    ),
                ),
            ),
            14,
            70,
        ),
        (
            "erspan",
            e,
            ether(
                0x0800,
                &v4(
                    47,
                    0,
                    &after(
                        &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0],
                        &frame,
                    ),
                ),
            ),
            14,
            70,
        ),
        (
            "vxlan, padded inside",
            e,
            ether(0x0800, &vxlan(6, &after(&frame, &[0; 6]))),
            14,
            76,
        ),
        (
            "vxlan in vxlan",
            e,
            ether(0x0800, &vxlan(5, &ether(0x0800, &vxlan(6, &frame)))),
            14,
            120,
        ),
        (
            "length 0",
            e,
            {
                let mut bytes = frame.clone();
                bytes[16] = 0;
                bytes[17] = 0;
                bytes
            },
            14,
            20,
        ),
        (
            "length beyond the packet",
            e,
            {
                let mut bytes = frame.clone();
                bytes[16] = 9;
                bytes
            },
            14,
            20,
        ),
        (
            "ipv6 length 0",
            e,
            {
                let mut bytes = ether(0x86dd, &v6(6, &tcp()));
                bytes[19] = 0;
                bytes
            },
            14,
            40,
        ),
    ]
}

fn packet(link: LinkType, bytes: &[u8], number: u64) -> Packet<'_> {
    Packet {
        number,
        time: Timestamp(i64::try_from(number).unwrap() * 1_000),
        link,
        fcs_len: 0,
        bytes,
        original_len: bytes.len() as u32,
        file: 0,
    }
}

/// What came out, as sums.
#[derive(Debug, Default)]
struct Sums {
    total: u64,
    packets: u64,
    segments: Vec<(Vec<u8>, u32, u16, [u32; 3])>,
    others: Vec<Other>,
    notices: Vec<Notice>,
}

fn decode_all<'a>(packets: impl IntoIterator<Item = Packet<'a>>) -> Sums {
    let (mut decoder, mut sums, mut given_up) = (Decoder::new(), Sums::default(), Vec::new());
    for packet in packets {
        match decoder.decode(&packet, &mut sums.notices, &mut given_up) {
            Decoded::Tcp(s) => {
                assert!(s.payload.len() <= s.payload_len as usize);
                sums.total += u64::from(s.headers.iter().sum::<u32>()) + u64::from(s.payload_len);
                sums.packets += u64::from(s.packets);
                sums.segments
                    .push((s.payload.to_vec(), s.payload_len, s.packets, s.headers));
            }
            Decoded::Other(other) => sums.others.push(other),
            Decoded::Held => {}
        }
    }
    decoder.finish(&mut sums.notices, &mut given_up);
    sums.others.extend(given_up);
    sums.total += sums.others.iter().map(Other::total).sum::<u64>();
    sums.packets += sums
        .others
        .iter()
        .map(|other| u64::from(other.packets))
        .sum::<u64>();
    sums
}

#[test]
fn every_wrapping_gives_the_segment_and_what_it_costs() {
    for (name, link, bytes, link_len, network) in wrappings() {
        let sums = decode_all([packet(link, &bytes, 1)]);
        let expected = (PAYLOAD.to_vec(), 7, 1, [link_len, network, 32]);
        assert_eq!(sums.segments, [expected], "{name}");
    }
}

#[test]
fn the_plain_case_is_what_the_walk_finds() {
    for (name, link, bytes, ..) in wrappings() {
        for captured in 0..=bytes.len() {
            let packet = Packet {
                bytes: &bytes[..captured],
                ..packet(link, &bytes, 1)
            };
            let both = [plain::fixed(&packet), plain::tagged(&packet)];
            for plain in both.into_iter().flatten() {
                let Found::Tcp(walked) =
                    Walk::new(link::first(link).unwrap(), &packet).run(&packet)
                else {
                    panic!("{name}")
                };
                assert_eq!(format!("{plain:?}"), format!("{walked:?}"), "{name}");
            }
        }
    }
}

#[test]
fn a_packet_cut_anywhere_keeps_its_length() {
    for (name, link, bytes, link_len, network) in wrappings() {
        for captured in 0..=bytes.len() {
            let cut = Packet {
                bytes: &bytes[..captured],
                ..packet(link, &bytes, 1)
            };
            let sums = decode_all([cut]);
            assert_eq!(sums.total, bytes.len() as u64, "{name} at {captured}");
            let trailer = if name.starts_with("padding") { 10 } else { 0 };
            let header = link_len - trailer + network + 20;
            if captured >= header as usize && !name.contains("padded inside") {
                let (payload, len, _, headers) = &sums.segments[0];
                assert_eq!(
                    (*len, *headers),
                    (7, [link_len, network, 32]),
                    "{name} at {captured}"
                );
                assert!(PAYLOAD.starts_with(payload), "{name} at {captured}");
            }
        }
    }
}

#[test]
fn copies_have_the_same_fingerprint_wherever_they_were_captured() {
    let fingerprint = |link, bytes: &[u8]| {
        let (mut decoder, mut notices, mut given_up) = (Decoder::new(), vec![], vec![]);
        match decoder.decode(&packet(link, bytes, 1), &mut notices, &mut given_up) {
            Decoded::Tcp(segment) => segment.fingerprint,
            other => panic!("{other:?}"),
        }
    };
    let ip = v4(6, 0x4000, &tcp());
    let mut routed = ip.clone();
    (routed[1], routed[8], routed[36]) = (0xb8, 63, 0x55);
    let here = fingerprint(LinkType::RAW, &ip);
    assert_eq!(
        here,
        fingerprint(
            LinkType::ETHERNET,
            &ether(0x8100, &after(&[0, 5, 8, 0], &routed))
        )
    );
    assert_eq!(here, fingerprint(LinkType::RAW, &v4(4, 0, &ip)));
    for at in [4, 5, 20, 24, 28, 33, 34, 38, 45, 51] {
        let mut different = ip.clone();
        different[at] ^= 0x10;
        assert_ne!(here, fingerprint(LinkType::RAW, &different), "byte {at}");
    }
    assert_ne!(
        here,
        fingerprint(LinkType::RAW, &v4(6, 0x4000, &after(&tcp(), b"!")))
    );
}

#[test]
fn tunnels_that_number_their_networks_keep_them_apart() {
    let network = |bytes: &[u8]| {
        let (mut decoder, mut notices, mut given_up) = (Decoder::new(), vec![], vec![]);
        match decoder.decode(
            &packet(LinkType::ETHERNET, bytes, 1),
            &mut notices,
            &mut given_up,
        ) {
            Decoded::Tcp(segment) => segment.network,
            other => panic!("{other:?}"),
        }
    };
    let found: Vec<_> = wrappings()
        .into_iter()
        .filter(|(name, ..)| {
            matches!(*name, "vlan" | "gre" | "gre with all fields") || name.starts_with("vxlan")
        })
        .map(|(_, _, bytes, ..)| network(&bytes))
        .collect();
    assert_eq!(found[..4], [0, 0, 7, 7]);
    assert!(found[4] > 7);
}

#[test]
fn what_is_no_tcp_is_charged_where_it_stands() {
    let other = |link, network, transport, payload| Other {
        packets: 1,
        link,
        network,
        transport,
        payload,
        duplicate: false,
    };
    let frame = ether(0x0806, ARP);
    for (bytes, expected) in [
        (frame.clone(), other(14, 0, 0, 28)),
        (
            ether(0x8100, &after(&[0, 5, 8, 6], ARP)),
            other(18, 0, 0, 28),
        ),
        (
            ether(0x0800, &v4(17, 0, &udp(443, b"quic"))),
            other(14, 20, 8, 4),
        ),
        (
            ether(0x0800, &after(&v4(1, 0, b"echo"), &[0; 22])),
            other(36, 20, 0, 4),
        ),
        (
            ether(0x0800, &v4(47, 0, &after(&[0, 0, 0x65, 0x58], &frame))),
            other(14, 38, 0, 28),
        ),
        (
            ether(
                0x0800,
                &v4(
                    17,
                    0,
                    &udp(4789, &after(&[8, 0, 0, 0, 0, 0, 42, 0], &frame)),
                ),
            ),
            other(14, 50, 0, 28),
        ),
        (vec![], other(0, 0, 0, 0)),
    ] {
        assert_eq!(
            decode_all([packet(LinkType::ETHERNET, &bytes, 1)]).others,
            [expected]
        );
    }
}

#[test]
fn an_unknown_link_type_is_told_once_with_its_number() {
    let sums = decode_all((1..4).map(|n| packet(LinkType(147), b"anything", n)));
    assert_eq!((sums.total, sums.notices.len()), (24, 1));
    assert!(sums.notices[0].explanation.contains("147"));
}

#[test]
fn tunnels_are_opened_to_a_depth() {
    let mut bytes = v4(6, 0, &tcp());
    for _ in 0..7 {
        bytes = v4(4, 0, &bytes);
    }
    assert_eq!(
        decode_all([packet(LinkType::RAW, &bytes, 1)]).segments[0].3,
        [0, 160, 32]
    );
    let deeper = v4(4, 0, &bytes);
    let sums = decode_all((1..3).map(|n| packet(LinkType::RAW, &deeper, n)));
    assert_eq!((sums.segments.len(), sums.notices.len()), (0, 1));
    assert_eq!(sums.notices[0].kind, Kind::LimitReached);
}

#[test]
fn a_check_sequence_is_no_payload_where_the_packet_states_no_length() {
    let mut bytes = after(&ether(0x0800, &v4(6, 0, &tcp())), &[0; 4]);
    (bytes[16], bytes[17]) = (0, 0);
    let packet = Packet {
        fcs_len: 4,
        ..packet(LinkType::ETHERNET, &bytes, 1)
    };
    assert_eq!(
        decode_all([packet]).segments,
        [(PAYLOAD.to_vec(), 7, 1, [18, 20, 32])]
    );
}

/// The seed's TCP segment in fragments of IPv4 (16, 16 and 7 bytes), each in Ethernet.
fn fragments() -> Vec<Vec<u8>> {
    let segment = tcp();
    [(0, 16, 0x2000), (16, 32, 0x2002), (32, 39, 4)]
        .into_iter()
        .map(|(from, to, field)| ether(0x0800, &v4(6, field, &segment[from..to])))
        .collect()
}

/// The same of IPv6, with 8 bytes of fragment header each.
fn fragments6() -> Vec<Vec<u8>> {
    let segment = tcp();
    [(0, 16, 1), (16, 32, 17), (32, 39, 32)]
        .into_iter()
        .map(|(from, to, field)| {
            ether(
                0x86dd,
                &v6(
                    44,
                    &after(&[6, 0, 0, field, 0, 0, 0, 1], &segment[from..to]),
                ),
            )
        })
        .collect()
}

fn numbered<'a>(order: &[usize], from: &'a [Vec<u8>]) -> Vec<Packet<'a>> {
    let of = |(n, &i): (usize, &usize)| packet(LinkType::ETHERNET, &from[i], n as u64 + 1);
    order.iter().enumerate().map(of).collect()
}

#[test]
fn fragments_in_any_order_make_one_segment() {
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        let sums = decode_all(numbered(&order, &fragments()));
        assert_eq!(
            sums.segments,
            [(PAYLOAD.to_vec(), 7, 3, [42, 60, 32])],
            "{order:?}"
        );
        let sums = decode_all(numbered(&order, &fragments6()));
        assert_eq!(
            sums.segments,
            [(PAYLOAD.to_vec(), 7, 3, [42, 144, 32])],
            "{order:?}"
        );
    }
}

#[test]
fn a_fragment_captured_twice_is_a_duplicate_before_and_after_its_datagram_is_whole() {
    let fragments = fragments();
    let sums = decode_all(numbered(&[0, 0, 1, 1, 2, 2, 0], &fragments));
    assert_eq!(sums.segments.len(), 1);
    assert_eq!(sums.others.len(), 4);
    assert!(
        sums.others
            .iter()
            .all(|other| other.duplicate && other.packets == 1)
    );
    assert!(sums.notices.is_empty());
    let mut late = numbered(&[0, 1, 2, 0], &fragments);
    late[3].time = Timestamp(60_000_000);
    let sums = decode_all(late);
    assert!(
        !sums.others[0].duplicate,
        "it waits for siblings as the first of another datagram"
    );
}

#[test]
fn a_datagram_that_lacks_a_fragment_is_given_up_with_its_cost() {
    let sums = decode_all(numbered(&[0, 2], &fragments()));
    let expected = Other {
        packets: 2,
        link: 28,
        network: 40,
        transport: 0,
        payload: 23,
        duplicate: false,
    };
    assert_eq!(sums.others, [expected]);
    assert_eq!(sums.notices[0].kind, Kind::LostFragment);
    let fragments = fragments();
    let mut late = numbered(&[0, 1, 2], &fragments);
    late[2].time = Timestamp(31_000_000_000);
    assert!(decode_all(late).segments.is_empty(), "30 seconds are over");
}

#[test]
fn of_overlapping_fragments_the_first_stays() {
    let segment = tcp();
    let mut other = segment.clone();
    other[24..39].fill(b'x');
    let overlapping = [
        ether(0x0800, &v4(6, 0x2000, &segment[..32])),
        ether(0x0800, &v4(6, 3, &other[24..39])),
    ];
    let sums = decode_all(numbered(&[0, 1], &overlapping));
    assert_eq!(sums.segments, [(b"xxxxxxx".to_vec(), 7, 2, [28, 48, 32])]);
    let sums = decode_all(numbered(&[1, 0], &overlapping));
    assert_eq!(sums.segments, [(b"xxxxxxx".to_vec(), 7, 2, [28, 48, 32])]);
}

#[test]
fn fragments_cut_by_the_snapshot_length_give_a_payload_up_to_the_hole() {
    let fragments = fragments();
    let mut packets = numbered(&[0, 1, 2], &fragments);
    packets[2].bytes = &packets[2].bytes[..37];
    assert_eq!(
        decode_all(packets).segments,
        [(PAYLOAD[..3].to_vec(), 7, 3, [42, 60, 32])]
    );
}

#[test]
fn fragments_of_a_tunnel_and_fragments_inside_one_are_joined() {
    let inner: Vec<_> = fragments()
        .iter()
        .map(|frame| v4(4, 0, &frame[14..]))
        .collect();
    let framed: Vec<_> = inner.iter().map(|ip| ether(0x0800, ip)).collect();
    let sums = decode_all(numbered(&[0, 1, 2], &framed));
    assert_eq!(sums.segments, [(PAYLOAD.to_vec(), 7, 3, [42, 120, 32])]);
    // Each inner fragment comes in two outer ones.
    let mut twice = Vec::new();
    for (identification, ip) in inner.iter().enumerate() {
        for (field, part) in [(0x2000, &ip[20..36]), (2, &ip[36..])] {
            let mut outer = v4(4, field, part);
            outer[5] = identification as u8;
            twice.push(ether(0x0800, &outer));
        }
    }
    let sums = decode_all(numbered(&[4, 0, 3, 1, 5, 2], &twice));
    assert_eq!(sums.segments, [(PAYLOAD.to_vec(), 7, 6, [84, 180, 32])]);
}

#[test]
fn lost_fragments_take_bounded_memory() {
    let content = vec![0; 60_000];
    let packets: Vec<_> = (0..2000_u16)
        .map(|identification| {
            let mut bytes = v4(
                6,
                0x2000,
                &content[..if identification < 1000 { 60_000 } else { 8 }],
            );
            bytes[4..6].copy_from_slice(&identification.to_be_bytes());
            bytes
        })
        .collect();
    let sums = decode_all(
        packets
            .iter()
            .zip(1..)
            .map(|(bytes, n)| packet(LinkType::RAW, bytes, n)),
    );
    assert_eq!(
        sums.total,
        packets.iter().map(|bytes| bytes.len() as u64).sum::<u64>()
    );
    assert_eq!(sums.others.len(), 2000);
    let limits = sums
        .notices
        .iter()
        .filter(|notice| notice.kind == Kind::LimitReached)
        .count();
    assert_eq!(limits, 2000 - 1024);
}

#[test]
fn addresses_are_the_inner_ones() {
    let bytes = v6(4, &v4(6, 0, &tcp()));
    let (mut decoder, mut notices, mut given_up) = (Decoder::new(), vec![], vec![]);
    let packet = packet(LinkType::RAW, &bytes, 1);
    let Decoded::Tcp(segment) = decoder.decode(&packet, &mut notices, &mut given_up) else {
        panic!("a segment")
    };
    assert_eq!(
        segment.source.address,
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))
    );
    assert_eq!(
        (segment.source.port, segment.destination.port),
        (40_000, 9000)
    );
    assert_eq!(
        (segment.seq, segment.ack, segment.window),
        (256, Some(512), 256)
    );
}

const LINKS: [u16; 12] = [0, 1, 9, 50, 51, 101, 108, 113, 147, 228, 229, 276];

proptest! {
    #[test]
    fn any_bytes_are_charged_to_the_last_one(
        packets in prop::collection::vec((prop::sample::select(&LINKS[..]), prop::collection::vec(any::<u8>(), 0..120), 0..2000_u32, 0..8_u8), 0..20)
    ) {
        let packets: Vec<_> = packets.iter().zip(1..).map(|((link, bytes, more, fcs_len), n)| Packet {
            original_len: bytes.len() as u32 + more,
            fcs_len: *fcs_len,
            ..packet(LinkType(*link), bytes, n)
        }).collect();
        let sums = decode_all(packets.iter().copied());
        prop_assert_eq!(sums.total, packets.iter().map(|packet| u64::from(packet.original_len)).sum::<u64>());
        prop_assert_eq!(sums.packets, packets.len() as u64);
    }

    #[test]
    fn damaged_packets_and_fragments_are_charged_to_the_last_byte(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), any::<prop::sample::Index>(), 0..90_000_000_i64), 0..40)
    ) {
        let mut all: Vec<_> = wrappings().into_iter().map(|(_, link, bytes, ..)| (link, bytes)).collect();
        for _ in 0..5 {
            all.extend(fragments().into_iter().chain(fragments6()).map(|bytes| (LinkType::ETHERNET, bytes)));
        }
        let bytes: Vec<_> = picks.iter().map(|(which, at, value, captured, time)| {
            let (link, mut bytes) = which.get(&all).clone();
            let place = at.index(bytes.len());
            bytes[place] ^= value & 0x13;
            (link, captured.index(3 * bytes.len()).min(bytes.len()), *time, bytes)
        }).collect();
        let packets: Vec<_> = bytes.iter().zip(1..).map(|((link, captured, time, bytes), n)| Packet {
            bytes: &bytes[..*captured],
            time: Timestamp(*time),
            ..packet(*link, bytes, n)
        }).collect();
        let sums = decode_all(packets.iter().copied());
        prop_assert_eq!(sums.total, packets.iter().map(|packet| u64::from(packet.original_len)).sum::<u64>());
        prop_assert_eq!(sums.packets, packets.len() as u64);
    }
}
