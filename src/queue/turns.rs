//! Whose turn it is: lanes share a worker by their weights, and none is starved.

/// Smooth weighted turns: of lanes that always have something, each gets its share, as evenly spread as it goes.
#[derive(Debug)]
pub(super) struct Turns {
    weights: Vec<i64>,
    credit: Vec<i64>,
}

impl Turns {
    /// A weight of 0 counts as 1.
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let weights: Vec<i64> = weights.into_iter().map(|weight| i64::from(weight.max(1))).collect();
        Self { credit: vec![0; weights.len()], weights }
    }

    /// The next lane among those that have something. Lanes that have nothing save up nothing.
    pub(super) fn pick(&mut self, has_something: impl Fn(usize) -> bool) -> Option<usize> {
        let mut best = None;
        let mut total = 0;
        for lane in 0..self.weights.len() {
            if !has_something(lane) {
                self.credit[lane] = 0;
                continue;
            }
            total += self.weights[lane];
            self.credit[lane] += self.weights[lane];
            if best.is_none_or(|best: usize| self.credit[lane] > self.credit[best]) {
                best = Some(lane);
            }
        }
        if let Some(best) = best {
            self.credit[best] -= total;
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_lanes_share_by_weight_evenly_spread() {
        let mut turns = Turns::new([1, 4]);
        let picked: Vec<usize> = (0..10).filter_map(|_| turns.pick(|_| true)).collect();
        assert_eq!(picked, [1, 1, 0, 1, 1, 1, 1, 0, 1, 1]);
    }

    #[test]
    fn a_lane_alone_gets_every_turn_and_saves_up_nothing() {
        let mut turns = Turns::new([1, 4]);
        assert!((0..100).all(|_| turns.pick(|lane| lane == 0) == Some(0)));
        assert_eq!((0..5).filter(|_| turns.pick(|_| true) == Some(1)).count(), 4);
        assert_eq!(turns.pick(|_| false), None);
    }
}
