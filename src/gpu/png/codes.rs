//! The codes that fdeflate writes, learnt from what it writes: they are always the same, and its own secret.

use bytemuck::Zeroable;

use super::device_layout::{END_OF_BLOCK, FIRST_MATCH, GpuPngCodes, LONGEST_MATCH, SHORTEST_MATCH};

/// Two bytes of zlib's head before the block, four of its sum after it.
const ZLIB_HEAD_BYTES: usize = 2;
const ZLIB_TAIL_BYTES: usize = 4;

impl GpuPngCodes {
    /// Those of the fdeflate that is linked.
    ///
    /// # Panics
    /// When it does not pack as the passes do: other codes than fit them. (That the bytes are the same is tested.)
    pub fn learnt() -> Self {
        let nothing = Block::of(&[]);
        let literals: Vec<Block> = (0..=255).map(|byte| Block::of(&[byte])).collect();
        // After the head some code starts with a zero and some with a one.
        let head_bits = literals.iter().map(|block| block.shared_bits(&nothing)).min().expect("256 of them");
        let end_bits = nothing.bits - head_bits;

        let mut learnt = Self::zeroed();
        learnt.head_bits = head_bits as u32;
        for (word, to) in learnt.head.iter_mut().enumerate() {
            let rest = head_bits.saturating_sub(word * 32).min(32);
            *to = nothing.part(word * 32, word * 32 + rest);
        }
        assert!(head_bits <= 32 * learnt.head.len() && learnt.head[0] & 1 == 1, "one block with a short head");
        // Said to be the last: more follow.
        learnt.head[0] &= !1;
        let code = |block: &Block, start: usize| {
            let end = block.bits - end_bits;
            assert!(start < end && end - start <= 24, "a code of {} bits", end - start);
            block.part(start, end) | ((end - start) as u32) << 24
        };
        for (to, block) in learnt.codes.iter_mut().zip(&literals) {
            *to = code(block, head_bits);
        }
        learnt.codes[END_OF_BLOCK as usize] = nothing.part(head_bits, nothing.bits) | (end_bits as u32) << 24;
        let bits_of = |byte: usize| (learnt.codes[byte] >> 24) as usize;
        let (zero_bits, one_bits) = (bits_of(0), bits_of(1));
        for zeros in SHORTEST_MATCH..=LONGEST_MATCH {
            // A run is a literal zero and a match. Runs are seen in whole groups of eight bytes.
            let run = zeros as usize + 1;
            let ones = run.next_multiple_of(8) - run;
            let block = Block::of(&[vec![1; ones], vec![0; run]].concat());
            let to = &mut learnt.codes[(FIRST_MATCH + zeros - SHORTEST_MATCH) as usize];
            *to = code(&block, head_bits + ones * one_bits + zero_bits);
        }
        let longest = |codes: &[u32]| codes.iter().map(|code| code >> 24).max().unwrap_or(0);
        let (literals, matches) = learnt.codes.split_at(FIRST_MATCH as usize);
        let (literal, match_) = (longest(literals), longest(&matches[..matches.len() - 2]));
        assert!(literal <= 15 && literal + match_ <= 31, "png_runs.wgsl puts two codes together: {literal} {match_}");
        learnt
    }
}

/// A block that fdeflate made.
struct Block {
    bytes: Vec<u8>,
    /// Up to the last bit that is set: the last of the code at its end.
    bits: usize,
}

impl Block {
    fn of(data: &[u8]) -> Self {
        let mut bytes = fdeflate::compress_to_vec(data);
        bytes.truncate(bytes.len() - ZLIB_TAIL_BYTES);
        bytes.drain(..ZLIB_HEAD_BYTES);
        let last = bytes.last().expect("a block has a head");
        let bits = bytes.len() * 8 - last.leading_zeros() as usize;
        Self { bytes, bits }
    }

    fn bit(&self, at: usize) -> u32 {
        u32::from(self.bytes[at / 8] >> (at % 8) & 1)
    }

    /// Up to 32 bits, the first one lowest.
    fn part(&self, start: usize, end: usize) -> u32 {
        (start..end).fold(0, |part, at| part | self.bit(at) << (at - start))
    }

    /// How many bits are the same at the start of both.
    fn shared_bits(&self, other: &Self) -> usize {
        (0..self.bits.min(other.bits)).take_while(|at| self.bit(*at) == other.bit(*at)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bits: &mut Vec<u32>, code: u32) {
        bits.extend((0..code >> 24).map(|at| code >> at & 1));
    }

    #[test]
    fn what_is_learnt_makes_the_same_block() {
        let learnt = GpuPngCodes::learnt();
        let mut data: Vec<u8> = (0..=255).chain([3; 8]).chain([0; 600]).collect();
        data.extend((1..=255).rev());
        let block = Block::of(&data);
        let mut bits = Vec::new();
        (0..learnt.head_bits as usize).for_each(|at| bits.push(learnt.head[at / 32] >> (at % 32) & 1));
        bits[0] = 1;
        data[..264].iter().for_each(|byte| put(&mut bits, learnt.codes[usize::from(*byte)]));
        let matches = |zeros: u32| learnt.codes[(FIRST_MATCH + zeros - SHORTEST_MATCH) as usize];
        // 600 zeros: one, two longest matches, and the rest.
        [learnt.codes[0], matches(258), matches(258), matches(83)].iter().for_each(|code| put(&mut bits, *code));
        (1..=255).rev().for_each(|byte: usize| put(&mut bits, learnt.codes[byte]));
        put(&mut bits, learnt.codes[END_OF_BLOCK as usize]);
        assert_eq!(bits.len(), block.bits);
        assert!((0..block.bits).all(|at| block.bit(at) == bits[at]));
    }

    #[test]
    fn the_codes_are_a_complete_set() {
        let learnt = GpuPngCodes::learnt();
        let share = |code: &u32| 1.0 / f64::from(1_u32 << (code >> 24));
        let literals: f64 = learnt.codes[..256].iter().map(share).sum();
        let end = share(&learnt.codes[END_OF_BLOCK as usize]);
        // Matches of the same symbol differ in bits that are not Huffman's, so their symbols are counted by shares.
        let matches: f64 = learnt.codes[FIRST_MATCH as usize..END_OF_BLOCK as usize - 1].iter().map(share).sum();
        // A distance has one bit of which only one value is used; two symbols, of three and four zeros, are not.
        let whole = literals + end + matches * 2.0;
        assert!(whole < 1.0 && whole > 0.998, "{whole}");
    }
}
