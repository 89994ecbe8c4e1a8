// Shared by the passes that look at filtered bytes as runs of zeros and literals: png_filter measures them, png_code
// writes them. After png_nearest.
//
// What fdeflate joins to a run: eights that are all zeros; the zeros at the end of an eight; and the zeros at the start
// of one if the eight before ends with a zero. Other zeros are literals, as are all bytes of the last eight if it is
// not whole.
//
//   7 7 7 7 7 7 7 7 | 0 0 7 0 7 7 0 0 | 0 0 0 0 0 0 0 0 | 0 0 0 7 7 7 7 7 | 0 0 0
//                     l l l l l l ╰──────── run of 13 ───────╯ l l l l l   l l l
//
// A run is a literal zero, then a match of 258 as often as it goes, and then a match, or literals if four or less are
// left. So each byte of a run knows what is written for it, from how many are before it and how many there are:
//
//   place in the run:   0        1        2 ... 258    259      260 ... 516    517     518     519
//   written:            literal  match    nothing      match    nothing        literal literal literal    (run of 520)
//
// That gives a run's bits to the tiles and invocations where it lies, however long it is.

struct Eight {
    // The first byte lowest.
    low: u32,
    high: u32,
    // How many bytes are there.
    length: u32,
    // Bytes at its start that belong to a run from before, and at its end that belong to a run.
    opening: u32,
    closing: u32,
    // Bytes of the opening run before it, and of the closing run after it.
    before: u32,
    after: u32,
    // Whether those runs go on where this tile alone does not show it: then nothing is said of their codes.
    is_open_before: bool,
    is_open_after: bool,
}

// Of each eight of the tile: zeros at its start, and from bit 4 up, at its end.
var<workgroup> edges: array<u32, TILE_EIGHTS>;
// The codes of single bytes, near at hand.
var<workgroup> literals: array<u32, 256>;

fn opening_of(eight: u32, is_joined: bool) -> u32 {
    let zeros = edges[eight] & 15u;
    var follows_zero = is_joined;
    if eight > 0u {
        follows_zero = edges[eight - 1u] > 15u;
    }
    return select(0u, zeros, follows_zero);
}

// Three steps, with a barrier after each of them but the last, because invocations look at each other's eights.
fn start(local: u32) {
    clear_marks(local);
    literals[local] = codes.codes[local];
}

fn show(local: u32, low: u32, high: u32, length: u32) {
    var leading = 0u;
    var trailing = 0u;
    if length == 8u {
        leading = select(4u + (countTrailingZeros(high) >> 3u), countTrailingZeros(low) >> 3u, low != 0u);
        trailing = select(4u + (countLeadingZeros(low) >> 3u), countLeadingZeros(high) >> 3u, high != 0u);
    }
    edges[local] = leading | (trailing << 4u);
    if leading < 8u {
        mark(local);
    }
}

// `is_joined`: whether a run goes on from the tile before.
fn look(local: u32, low: u32, high: u32, length: u32, is_joined: bool) -> Eight {
    var eight = Eight(low, high, length, opening_of(local, is_joined), edges[local] >> 4u, 0u, 0u, false, false);
    if eight.opening > 0u {
        let nearest = last_below(local);
        eight.is_open_before = nearest == NONE;
        if eight.is_open_before {
            eight.before = local * 8u;
        } else {
            eight.before = (local - 1u - nearest) * 8u + (edges[nearest] >> 4u);
        }
    }
    if eight.closing > 0u {
        let nearest = first_from(local + 1u);
        eight.is_open_after = nearest == NONE;
        if eight.is_open_after {
            eight.after = (TILE_EIGHTS - 1u - local) * 8u;
        } else {
            eight.after = (nearest - 1u - local) * 8u + opening_of(nearest, is_joined);
        }
    }
    return eight;
}

// What is written for the byte at `place` of a run; nothing: 0.
fn code_in_run(place: u32, run: u32) -> u32 {
    if place == 0u {
        return literals[0];
    }
    let within = (place - 1u) % LONGEST_MATCH;
    let zeros = min(run - (place - within), LONGEST_MATCH);
    if zeros < SHORTEST_MATCH {
        return literals[0];
    }
    if within == 0u {
        return match_of(zeros);
    }
    return 0u;
}

// What is written for byte `i` of an eight.
fn code_at(eight: Eight, i: u32) -> u32 {
    let first_closing = 8u - eight.closing;
    if i < eight.opening {
        let is_whole = eight.opening == 8u;
        let is_known = !eight.is_open_before && !(is_whole && eight.is_open_after);
        let run = eight.before + eight.opening + select(0u, eight.after, is_whole);
        return select(0u, code_in_run(eight.before + i, run), is_known);
    }
    if i >= first_closing {
        return select(code_in_run(i - first_closing, eight.closing + eight.after), 0u, eight.is_open_after);
    }
    if i >= eight.length {
        return 0u;
    }
    return literals[(select(eight.high, eight.low, i < 4u) >> ((i & 3u) * 8u)) & 0xffu];
}

// The codes of an eight, by twos: a literal and a match have no more than 31 bits together, and matches are not next
// to each other.
struct Codes {
    bits: vec4<u32>,
    lengths: vec4<u32>,
}

// Bits and length.
fn joined(first: u32, second: u32) -> vec2<u32> {
    let bits = (first & 0xffffffu) | ((second & 0xffffffu) << length_of(first));
    return vec2<u32>(bits, length_of(first) + length_of(second));
}

fn joined_literals(two: u32) -> vec2<u32> {
    return joined(literals[two & 0xffu], literals[(two >> 8u) & 0xffu]);
}

fn joined_codes(eight: Eight, i: u32) -> vec2<u32> {
    return joined(code_at(eight, i), code_at(eight, i + 1u));
}

fn codes_of(eight: Eight) -> Codes {
    var a: vec2<u32>;
    var b: vec2<u32>;
    var c: vec2<u32>;
    var d: vec2<u32>;
    if eight.opening + eight.closing == 0u && eight.length == 8u {
        a = joined_literals(eight.low);
        b = joined_literals(eight.low >> 16u);
        c = joined_literals(eight.high);
        d = joined_literals(eight.high >> 16u);
    } else {
        a = joined_codes(eight, 0u);
        b = joined_codes(eight, 2u);
        c = joined_codes(eight, 4u);
        d = joined_codes(eight, 6u);
    }
    return Codes(vec4<u32>(a.x, b.x, c.x, d.x), vec4<u32>(a.y, b.y, c.y, d.y));
}

fn length_of_all(found: Codes) -> u32 {
    return dot(found.lengths, vec4<u32>(1u));
}
