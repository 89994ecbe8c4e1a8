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
    // Bytes at its start and at its end that belong to a run: all eight in both, where all are zeros.
    opening: u32,
    closing: u32,
    // Bytes of the opening run before it, and of the closing run after it.
    before: u32,
    after: u32,
    // Whether those runs reach the edges of the tile.
    is_at_start: bool,
    is_at_end: bool,
}

// Of each eight of the tile: zeros at its start, and from bit 4 up, at its end.
var<workgroup> edges: array<u32, TILE_EIGHTS>;

fn opening_of(eight: u32, is_joined: bool) -> u32 {
    let zeros = edges[eight] & 15u;
    var follows_zero = is_joined;
    if eight > 0u {
        follows_zero = edges[eight - 1u] > 15u;
    }
    return select(0u, zeros, zeros == 8u || follows_zero);
}

// Two steps, because invocations look at each other's eights; `clear_marks` and a barrier before, a barrier between.
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
        eight.is_at_start = nearest == NONE;
        if eight.is_at_start {
            eight.before = local * 8u;
        } else {
            eight.before = (local - 1u - nearest) * 8u + (edges[nearest] >> 4u);
        }
    }
    if eight.closing > 0u {
        let nearest = first_from(local + 1u);
        eight.is_at_end = nearest == NONE;
        if eight.is_at_end {
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
        return codes.codes[0];
    }
    let within = (place - 1u) % LONGEST_MATCH;
    let zeros = min(run - (place - within), LONGEST_MATCH);
    if zeros < SHORTEST_MATCH {
        return codes.codes[0];
    }
    if within == 0u {
        return match_of(zeros);
    }
    return 0u;
}

// What is written for byte `i` of an eight.
fn code_at(eight: Eight, i: u32) -> u32 {
    if i < eight.opening {
        let beyond = select(0u, eight.after, eight.opening == 8u);
        return code_in_run(eight.before + i, eight.before + eight.opening + beyond);
    }
    let first_closing = 8u - eight.closing;
    if i >= first_closing {
        return code_in_run(i - first_closing, eight.closing + eight.after);
    }
    if i >= eight.length {
        return 0u;
    }
    let word = select(eight.high, eight.low, i < 4u);
    return codes.codes[(word >> ((i & 3u) * 8u)) & 0xffu];
}
