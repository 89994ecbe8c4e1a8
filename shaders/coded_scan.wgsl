// Shared by passes that need prefix sums over a workgroup of 2^(2 · SCAN_BITS) invocations; each says its SCAN_BITS.
//
//   16 values:   1 2 0 1 | 3 1 1 0 | 0 0 2 2 | 1 1 1 1        SCAN_BITS 2
//   in each row: 0 1 3 3 | 0 3 4 5 | 0 0 0 2 | 0 1 2 3        four invocations sum four values each,
//   of the rows: 0       | 4       | 9       | 13             then four sums,
//   together:    0 1 3 3 | 4 7 8 9 | 9 9 9 11| 13 14 15 16    and everybody adds two.
//
// Nothing is assumed about subgroups. Rows are as many as they are long, so that the chains stay short with four
// barriers, where a tree over 256 takes sixteen. A gap after every row puts the rows' invocations on different banks.

const SCAN_ROW: u32 = 1u << SCAN_BITS;
var<workgroup> scan_values: array<u32, SCAN_ROW * (SCAN_ROW + 1u)>;
var<workgroup> scan_rows: array<u32, SCAN_ROW>;
var<workgroup> scan_before: array<u32, SCAN_ROW>;
var<workgroup> scan_total: u32;

// The sum of the values of lower invocations, and of all. In uniform control flow; a barrier must come before the
// next call.
fn prefix_sum(local: u32, value: u32) -> vec2<u32> {
    let at = local + (local >> SCAN_BITS);
    scan_values[at] = value;
    workgroupBarrier();
    if local < SCAN_ROW {
        var sum = 0u;
        for (var i = 0u; i < SCAN_ROW; i += 1u) {
            let here = scan_values[local * (SCAN_ROW + 1u) + i];
            scan_values[local * (SCAN_ROW + 1u) + i] = sum;
            sum += here;
        }
        scan_rows[local] = sum;
    }
    workgroupBarrier();
    if local < SCAN_ROW {
        var before = 0u;
        for (var i = 0u; i < local; i += 1u) {
            before += scan_rows[i];
        }
        scan_before[local] = before;
        if local == SCAN_ROW - 1u {
            scan_total = before + scan_rows[local];
        }
    }
    workgroupBarrier();
    return vec2<u32>(scan_before[local >> SCAN_BITS] + scan_values[at], scan_total);
}
