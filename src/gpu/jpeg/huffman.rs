//! Huffman tables: Annex K's, and tables made for what is to be coded.
//!
//! Trained tables give every symbol a code that a baseline image of 8 bits may need, so that whatever comes later can
//! be coded with them too. Lengths are the best that 16 bits allow, by package-merge (Larmore and Hirschberg, "A fast
//! algorithm for optimal length-limited Huffman codes", 1990); T.81's own way, K.2, only comes near.

/// Sizes of differences of DC: 0 to 11.
const DC_SYMBOLS: usize = 12;
/// Longest code: T.81, C.
const LONGEST: usize = 16;
const END_OF_BLOCK: u8 = 0x00;
const ZERO_RUN: u8 = 0xf0;

/// A table as files hold it: how many codes of each length, and their symbols, shortest code first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CodeTable {
    counts: [u8; LONGEST],
    symbols: Vec<u8>,
}

/// A code and its length in bits; length 0: the symbol has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub bits: u16,
    pub length: u8,
}

impl CodeTable {
    /// Codes of length 1, 2, ... 16.
    pub fn counts(&self) -> &[u8; LONGEST] {
        &self.counts
    }

    /// Symbols by their codes.
    pub fn symbols(&self) -> &[u8] {
        &self.symbols
    }

    /// The code of every symbol: T.81, C.2.
    pub(super) fn codes(&self) -> [Code; 256] {
        let mut codes = [Code::default(); 256];
        let (mut next, mut symbols) = (0_u16, self.symbols.iter());
        for (length, count) in (1..).zip(self.counts) {
            for symbol in symbols.by_ref().take(usize::from(count)) {
                codes[usize::from(*symbol)] = Code { bits: next, length };
                next += 1;
            }
            // Wraps to 0 only after the last length of a table that uses all codes, which none of ours does.
            next = next.wrapping_shl(1);
        }
        codes
    }

    /// The best table for symbols that occur so often; each of them gets a code. At most 255 symbols.
    fn best(symbols: &[u8], counts: impl Fn(u8) -> u64) -> Self {
        let mut weighed: Vec<(u64, Option<u8>)> =
            symbols.iter().map(|symbol| (counts(*symbol).max(1), Some(*symbol))).collect();
        // Takes the last code, which would be all ones: T.81, K.2.
        weighed.push((0, None));
        weighed.sort_by_key(|(weight, symbol)| (*weight, symbol.is_some(), std::cmp::Reverse(*symbol)));
        let lengths = shortest_lengths(&weighed.iter().map(|(weight, _)| *weight).collect::<Vec<_>>());
        let mut counts = [0; LONGEST];
        let mut ordered = Vec::with_capacity(symbols.len());
        // Lengths fall as weights rise; the placeholder is first, with the longest.
        for ((_, symbol), length) in weighed.into_iter().zip(lengths).rev() {
            if let Some(symbol) = symbol {
                counts[length - 1] += 1;
                ordered.push(symbol);
            }
        }
        Self { counts, symbols: ordered }
    }
}

/// Code lengths of at most 16 bits for weights in rising order, such that the coded whole is shortest.
///
/// Package-merge: for each bit of length, pair up what is there by weight, and merge the pairs with the symbols. The
/// lightest `2 · n − 2` of the last round tell by how often they hold a symbol how long its code is.
fn shortest_lengths(weights: &[u64]) -> Vec<usize> {
    let leaves: Vec<(u64, Vec<usize>)> = weights.iter().enumerate().map(|(i, weight)| (*weight, vec![i])).collect();
    let mut row = leaves.clone();
    for _ in 1..LONGEST {
        let mut packages: Vec<(u64, Vec<usize>)> = row
            .chunks_exact(2)
            .map(|pair| (pair[0].0 + pair[1].0, [pair[0].1.as_slice(), pair[1].1.as_slice()].concat()))
            .collect();
        packages.extend_from_slice(&leaves);
        packages.sort_by_key(|(weight, _)| *weight);
        row = packages;
    }
    let mut lengths = vec![0; weights.len()];
    for leaf in row.iter().take(2 * weights.len() - 2).flat_map(|(_, leaves)| leaves) {
        lengths[*leaf] += 1;
    }
    // Equal weights may come with lengths in any order.
    lengths.sort_unstable_by(|a, b| b.cmp(a));
    lengths
}

/// How often each symbol occurs in what is coded alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolCounts {
    /// Of DC, by component (luma, chroma) and size.
    pub dc: [[u32; 16]; 2],
    /// Of AC, by component, zeros before (from bit 4 up) and size.
    pub ac: [[u32; 256]; 2],
}

impl SymbolCounts {
    /// Nothing seen.
    pub fn none() -> Self {
        Self { dc: [[0; 16]; 2], ac: [[0; 256]; 2] }
    }

    /// What was seen of either.
    pub fn add(&mut self, other: &Self) {
        let mine = self.dc.as_flattened_mut().iter_mut().chain(self.ac.as_flattened_mut());
        for (mine, theirs) in mine.zip(other.dc.as_flattened().iter().chain(other.ac.as_flattened())) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// From the order in which `jpeg_count.wgsl` counts.
    pub(super) fn from_words(words: &[u32]) -> Self {
        let mut counts = Self::none();
        let (dc, ac) = words.split_at(counts.dc.as_flattened().len());
        counts.dc.as_flattened_mut().copy_from_slice(dc);
        counts.ac.as_flattened_mut().copy_from_slice(ac);
        counts
    }
}

/// The four tables of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HuffmanTables {
    /// Of luma and chroma.
    pub dc: [CodeTable; 2],
    /// Of luma and chroma.
    pub ac: [CodeTable; 2],
}

impl HuffmanTables {
    /// T.81, tables K.3 to K.6: what libjpeg uses unless it is told to optimise.
    pub fn annex_k() -> Self {
        let dc = |counts| CodeTable { counts, symbols: (0..DC_SYMBOLS as u8).collect() };
        let ac = |counts, symbols: &[u8; 162]| CodeTable { counts, symbols: symbols.to_vec() };
        Self {
            dc: [
                dc([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
                dc([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
            ],
            ac: [
                ac([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d], &LUMINANCE_AC),
                ac([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77], &CHROMINANCE_AC),
            ],
        }
    }

    /// The best for what was counted, with a code for everything else that may come.
    pub fn trained(counts: &SymbolCounts) -> Self {
        let dc_symbols: Vec<u8> = (0..DC_SYMBOLS as u8).collect();
        let ac_symbols: Vec<u8> = [END_OF_BLOCK, ZERO_RUN]
            .into_iter()
            .chain((0..16).flat_map(|zeros: u8| (1..=10).map(move |size| zeros << 4 | size)))
            .collect();
        let weight = |count: u32| u64::from(count);
        Self {
            dc: counts.dc.map(|counts| CodeTable::best(&dc_symbols, |symbol| weight(counts[usize::from(symbol)]))),
            ac: counts.ac.map(|counts| CodeTable::best(&ac_symbols, |symbol| weight(counts[usize::from(symbol)]))),
        }
    }
}

const LUMINANCE_AC: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14,
    0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09,
    0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a,
    0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65,
    0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88,
    0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9,
    0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca,
    0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea,
    0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

const CHROMINANCE_AC: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32,
    0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16,
    0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39,
    0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64,
    0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86,
    0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
    0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8,
    0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9,
    0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes are prefix-free, none is all ones, and each symbol has one.
    fn assert_is_a_code(table: &CodeTable, symbols: usize) {
        assert_eq!(table.symbols.len(), symbols);
        assert_eq!(table.counts.iter().map(|count| usize::from(*count)).sum::<usize>(), symbols);
        let codes = table.codes();
        let mut coded: Vec<Code> = codes.iter().filter(|code| code.length > 0).copied().collect();
        assert_eq!(coded.len(), symbols, "a symbol twice");
        coded.sort_by_key(|code| code.bits << (16 - code.length));
        for pair in coded.windows(2) {
            assert_ne!(pair[1].bits >> (pair[1].length.saturating_sub(pair[0].length)), pair[0].bits, "{pair:?}");
        }
        for code in coded {
            assert_ne!(u32::from(code.bits), (1 << code.length) - 1, "all ones: {code:?}");
            assert!(u32::from(code.bits) < 1 << code.length, "{code:?}");
        }
    }

    fn bits(table: &CodeTable, counts: &[u32]) -> u64 {
        let codes = table.codes();
        counts.iter().zip(codes).map(|(count, code)| u64::from(*count) * u64::from(code.length)).sum()
    }

    #[test]
    fn annex_k_codes_what_it_says() {
        let tables = HuffmanTables::annex_k();
        for table in &tables.dc {
            assert_is_a_code(table, 12);
        }
        for table in &tables.ac {
            assert_is_a_code(table, 162);
        }
        // Single lines of tables K.3, K.5 and K.6.
        assert_eq!(tables.dc[0].codes()[11], Code { bits: 0b1_1111_1110, length: 9 });
        assert_eq!(tables.ac[0].codes()[0x00], Code { bits: 0b1010, length: 4 });
        assert_eq!(tables.ac[0].codes()[0xf0], Code { bits: 0b111_1111_1001, length: 11 });
        assert_eq!(tables.ac[0].codes()[0xfa], Code { bits: 0xfffe, length: 16 });
        assert_eq!(tables.ac[1].codes()[0xf0], Code { bits: 0b11_1111_1010, length: 10 });
    }

    #[test]
    fn nothing_counted_still_codes_everything() {
        let tables = HuffmanTables::trained(&SymbolCounts::none());
        assert_is_a_code(&tables.dc[0], 12);
        assert_is_a_code(&tables.ac[1], 162);
        assert!(tables.ac[0].counts[..6].iter().all(|count| *count == 0), "162 equal symbols take 7 or 8 bits");
    }

    #[test]
    fn weights_that_grow_like_fibonacci_stay_within_16_bits() {
        let mut counts = SymbolCounts::none();
        let (mut a, mut b) = (1_u32, 1_u32);
        for (zeros, size) in (0..4).flat_map(|zeros| (1..=10).map(move |size| (zeros, size))) {
            counts.ac[0][zeros << 4 | size] = a;
            (a, b) = (b, a.saturating_add(b));
        }
        let table = &HuffmanTables::trained(&counts).ac[0];
        assert_is_a_code(table, 162);
        assert!(table.counts[15] > 100, "{table:?}");
    }

    #[test]
    fn trained_tables_are_the_shortest() {
        // 1 : 2 : 4 : 8 and eight that never occur: by hand, 1 bit for the last, 2, 3 and 4 for the others, and the
        // rest below 4 ones.
        let mut counts = SymbolCounts::none();
        counts.dc[0][..4].copy_from_slice(&[1 << 10, 2 << 10, 4 << 10, 8 << 10]);
        let table = &HuffmanTables::trained(&counts).dc[0];
        let lengths = table.codes().map(|code| code.length);
        assert_eq!(lengths[..4], [4, 3, 2, 1]);
        assert_is_a_code(table, 12);
        // Against Annex K for counts that it is not made for.
        counts.ac[0][0x11] = 1000;
        counts.ac[0][0x35] = 4000;
        let trained = HuffmanTables::trained(&counts);
        assert!(bits(&trained.ac[0], &counts.ac[0]) <= 1000 * 2 + 4000);
        assert!(bits(&trained.ac[0], &counts.ac[0]) < bits(&HuffmanTables::annex_k().ac[0], &counts.ac[0]));
    }

    #[test]
    fn lengths_beat_every_other_choice_of_lengths() {
        // All ways to give five weights lengths of at most 4 that a code can have.
        let weights = [1_u64, 1, 3, 7, 20];
        let found: u64 =
            shortest_lengths(&weights).iter().zip(weights).map(|(length, weight)| *length as u64 * weight).sum();
        let mut best = u64::MAX;
        for choice in 0..4_usize.pow(5) {
            let lengths: Vec<u32> = (0..5).map(|i| (choice / 4_usize.pow(i) % 4) as u32 + 1).collect();
            if lengths.iter().map(|length| 16 >> length).sum::<u32>() <= 16 {
                best = best.min(lengths.iter().zip(weights).map(|(length, weight)| u64::from(*length) * weight).sum());
            }
        }
        assert_eq!(found, best);
    }
}
