//! A strict reader of baseline JPEG, written from T.81 alone: it takes only files that are right in every byte, and
//! gives their coefficients. Not a decoder, and the slower for being plain.

/// What a file holds.
pub struct Parsed {
    pub width: u16,
    pub height: u16,
    /// Per component: blocks across and down in an MCU, and its steps in zig-zag order.
    pub components: Vec<([u8; 2], [u8; 64])>,
    pub restart_mcus: usize,
    /// By segment: quantised coefficients, block by block in the order of coding, in zig-zag order, DC undone.
    pub segments: Vec<Vec<[i16; 64]>>,
}

impl Parsed {
    /// All blocks of the file.
    pub fn blocks(&self) -> Vec<[i16; 64]> {
        self.segments.concat()
    }
}

/// Symbols by length and code.
#[derive(Clone, Default)]
struct Table(Vec<(u8, u32, u8)>);

impl Table {
    /// T.81, C: codes in order, and none of all ones.
    fn new(content: &[u8]) -> Result<Self, String> {
        let (counts, symbols) = content.split_at(16);
        let (mut table, mut code, mut symbols) = (Vec::new(), 0_u32, symbols.iter());
        for (length, count) in (1..=16_u8).zip(counts) {
            for _ in 0..*count {
                let symbol = symbols.next().ok_or("a table without symbols")?;
                check(code + 1 < 1 << length, "a code of all ones")?;
                table.push((length, code, *symbol));
                code += 1;
            }
            code <<= 1;
        }
        check(symbols.next().is_none(), "symbols without codes")?;
        Ok(Self(table))
    }
}

fn check(is_right: bool, what: &str) -> Result<(), String> {
    if is_right { Ok(()) } else { Err(what.to_owned()) }
}

/// Bits of one segment, with stuffing undone.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn new(stuffed: &[u8]) -> Result<Self, String> {
        let (mut bytes, mut rest) = (Vec::new(), stuffed.iter());
        while let Some(byte) = rest.next() {
            bytes.push(*byte);
            check(*byte != 0xff || rest.next() == Some(&0), "0xff without a zero in a segment")?;
        }
        Ok(Self { bytes, at: 0 })
    }

    fn bit(&mut self) -> Result<u32, String> {
        let byte = self.bytes.get(self.at / 8).ok_or("a segment ends too early")?;
        let bit = (byte >> (7 - self.at % 8)) & 1;
        self.at += 1;
        Ok(u32::from(bit))
    }

    fn bits(&mut self, count: u8) -> Result<u32, String> {
        (0..count).try_fold(0, |bits, _| Ok(bits << 1 | self.bit()?))
    }

    fn symbol(&mut self, table: &Table) -> Result<u8, String> {
        let (mut code, mut length) = (0, 0);
        for (of, wanted, symbol) in &table.0 {
            while length < *of {
                code = code << 1 | self.bit()?;
                length += 1;
            }
            if code == *wanted {
                return Ok(*symbol);
            }
        }
        Err("a code that is in no table".to_owned())
    }

    /// T.81, F.2.2.1: EXTEND.
    fn value(&mut self, size: u8) -> Result<i16, String> {
        let bits = self.bits(size)? as i32;
        let is_negative = size > 0 && bits >> (size - 1) == 0;
        Ok((if is_negative { bits - (1 << size) + 1 } else { bits }) as i16)
    }

    /// Fewer than eight ones are left.
    fn end(mut self) -> Result<(), String> {
        check(self.at.div_ceil(8) == self.bytes.len(), "bytes after the last MCU of a segment")?;
        while !self.at.is_multiple_of(8) {
            check(self.bit()? == 1, "a segment that is not filled up with ones")?;
        }
        Ok(())
    }
}

/// Reads a whole file.
pub fn parse(file: &[u8]) -> Result<Parsed, String> {
    let mut parsed = Parsed { width: 0, height: 0, components: Vec::new(), restart_mcus: 0, segments: Vec::new() };
    let mut steps: [Option<[u8; 64]>; 4] = [None; 4];
    let mut tables: [[Option<Table>; 4]; 2] = Default::default();
    let mut component_steps = Vec::new();
    check(file.starts_with(&[0xff, 0xd8]), "no start")?;
    let mut at = 2;
    loop {
        let [0xff, code, high, low, ..] = file[at..] else { return Err(format!("no marker at {at}")) };
        let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
        let content = file.get(at + 4..end).ok_or("a marker that is too long")?;
        check(at > 2 || code == 0xe0, "JFIF is not first")?;
        at = end;
        match code {
            0xe0 => check(content == b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "not JFIF 1.1 as libjpeg writes it")?,
            0xdb => {
                check(content.len() == 65 && content[0] < 4, "quantisation of other than 8 bits")?;
                check(!content[1..].contains(&0), "a step of zero")?;
                steps[usize::from(content[0])] = Some(content[1..].try_into().expect("64"));
            }
            0xc0 => {
                check(content.len() == 15 && content[0] == 8 && content[5] == 3, "a frame of other than three")?;
                parsed.height = u16::from_be_bytes([content[1], content[2]]);
                parsed.width = u16::from_be_bytes([content[3], content[4]]);
                check(parsed.width > 0 && parsed.height > 0, "an empty image")?;
                for (id, component) in (1..).zip(content[6..].chunks(3)) {
                    check(component[0] == id, "components that are not 1, 2, 3")?;
                    component_steps.push(([component[1] >> 4, component[1] & 15], usize::from(component[2])));
                }
            }
            0xc4 => {
                check(content.len() > 17 && content[0] & 0xee == 0, "a table that baseline has not")?;
                tables[usize::from(content[0] >> 4)][usize::from(content[0] & 15)] = Some(Table::new(&content[1..])?);
            }
            0xdd => {
                check(content.len() == 2, "a restart interval of other than two bytes")?;
                parsed.restart_mcus = usize::from(u16::from_be_bytes([content[0], content[1]]));
            }
            0xda => {
                check(content[0] == 3 && content[7..] == [0, 63, 0], "a scan of other than everything")?;
                let mut coders = Vec::new();
                for (id, selector) in (1..).zip(content[1..7].chunks(2)) {
                    check(selector[0] == id, "a scan in another order")?;
                    let table = |class: usize, number: u8| {
                        tables[class][usize::from(number)].clone().ok_or("a table that was not defined")
                    };
                    coders.push([table(0, selector[1] >> 4)?, table(1, selector[1] & 15)?]);
                }
                for (sampling, number) in &component_steps {
                    let steps = steps.get(*number).copied().flatten().ok_or("steps that were not defined")?;
                    parsed.components.push((*sampling, steps));
                }
                parse_scan(&file[at..], &coders, &mut parsed)?;
                return Ok(parsed);
            }
            other => return Err(format!("marker {other:#x}")),
        }
    }
}

fn parse_scan(scan: &[u8], coders: &[[Table; 2]], parsed: &mut Parsed) -> Result<(), String> {
    let widest = |axis: usize| parsed.components.iter().map(|(sampling, _)| sampling[axis]).max().unwrap_or(1);
    let mcus = |side: u16, axis| usize::from(side).div_ceil(8 * usize::from(widest(axis)));
    let mcus = mcus(parsed.width, 0) * mcus(parsed.height, 1);
    let each = if parsed.restart_mcus == 0 { mcus } else { parsed.restart_mcus };
    let mut rest = scan;
    for (number, first) in (0..mcus).step_by(each).enumerate() {
        // Up to the next marker, which is the right one.
        let end = (0..rest.len()).find(|at| rest[*at] == 0xff && rest.get(at + 1) != Some(&0));
        let end = end.ok_or("a scan without an end")?;
        let is_last = first + each >= mcus;
        let wanted = if is_last { 0xd9 } else { 0xd0 + (number % 8) as u8 };
        check(rest.get(end + 1) == Some(&wanted), "markers out of order")?;
        let bits = Bits::new(&rest[..end])?;
        let blocks = parse_segment(bits, each.min(mcus - first), coders, parsed)?;
        parsed.segments.push(blocks);
        rest = &rest[end + 2..];
    }
    check(rest.is_empty(), "bytes after the end")
}

fn parse_segment(
    mut bits: Bits,
    mcus: usize,
    coders: &[[Table; 2]],
    parsed: &Parsed,
) -> Result<Vec<[i16; 64]>, String> {
    let mut blocks = Vec::new();
    let mut predictions = vec![0_i16; coders.len()];
    for _ in 0..mcus {
        for ((([across, down], _), [dc, ac]), prediction) in parsed.components.iter().zip(coders).zip(&mut predictions)
        {
            for _ in 0..across * down {
                let mut block = [0; 64];
                let size = bits.symbol(dc)?;
                check(size <= 11, "a difference of DC that 8 bits have not")?;
                *prediction += bits.value(size)?;
                block[0] = *prediction;
                let mut place = 1;
                while place < 64 {
                    let symbol = bits.symbol(ac)?;
                    let (zeros, size) = (usize::from(symbol >> 4), symbol & 15);
                    match (zeros, size) {
                        (0, 0) => break,
                        (15, 0) => {
                            place += 16;
                            check(place < 64, "zeros to the end without an end of block")?;
                        }
                        (_, 1..=10) => {
                            place += zeros;
                            check(place < 64, "a run beyond the block")?;
                            block[place] = bits.value(size)?;
                            place += 1;
                        }
                        _ => return Err(format!("symbol {symbol:#x}")),
                    }
                }
                blocks.push(block);
            }
        }
    }
    bits.end()?;
    Ok(blocks)
}
