//! Whose turn it is: lanes by weight, within a lane the job that came first.

use super::Slot;

/// Smooth weighted round robin, as nginx has it: lanes take turns in proportion to their weights, spread evenly.
#[derive(Debug)]
pub(super) struct Turns {
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    weight: i64,
    credit: i64,
}

impl Turns {
    pub fn new(weights: &[u32]) -> Self {
        Self { lanes: weights.iter().map(|&weight| Lane { weight: i64::from(weight.max(1)), credit: 0 }).collect() }
    }

    /// One of the jobs that are ready, given in the order in which they came. Lanes that have none do not save turns up.
    pub fn choose(&mut self, ready: &[(Slot, usize)]) -> Option<Slot> {
        let first_of = |lane: usize| ready.iter().find(|(_, of)| *of == lane).map(|(slot, _)| *slot);
        let waiting: Vec<(usize, Slot)> =
            (0..self.lanes.len()).filter_map(|lane| Some((lane, first_of(lane)?))).collect();
        let total: i64 = waiting.iter().map(|(lane, _)| self.lanes[*lane].weight).sum();
        for (lane, _) in &waiting {
            self.lanes[*lane].credit += self.lanes[*lane].weight;
        }
        let &(lane, slot) = waiting.iter().max_by_key(|(lane, _)| (self.lanes[*lane].credit, usize::MAX - lane))?;
        self.lanes[lane].credit -= total;
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_turns_by_weight() {
        let mut turns = Turns::new(&[1, 4]);
        let ready: Vec<(Slot, usize)> = (0..20).map(|n| (Slot(n), usize::from(n >= 10))).collect();
        let chosen: Vec<bool> = (0..10).map(|_| turns.choose(&ready).unwrap().0 >= 10).collect();
        assert_eq!(chosen.iter().filter(|urgent| **urgent).count(), 8);
        assert!(chosen[..2].iter().any(|urgent| *urgent), "an urgent job does not wait for five others");
    }

    #[test]
    fn a_lane_that_was_empty_has_saved_nothing_up() {
        let mut turns = Turns::new(&[1, 4]);
        for n in 0..100 {
            assert_eq!(turns.choose(&[(Slot(n), 0)]), Some(Slot(n)));
        }
        assert_eq!(turns.choose(&[]), None);
        let both = [(Slot(1), 0), (Slot(2), 1)];
        let urgent = (0..5).filter(|_| turns.choose(&both) == Some(Slot(2))).count();
        assert_eq!(urgent, 4);
    }
}
