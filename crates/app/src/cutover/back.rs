//! The way back: before the switch what was done is undone; behind it, applications move the same way in the other
//! direction.

use super::procedure::Procedure;
use super::record::{Cutover, CutoverDirection, CutoverState, FenceKind, turned};
use super::step::CutoverStep;
use crate::{AppError, ErrorCode, Result};

impl Procedure<'_> {
    /// Gives the cut-over up before the switch, and undoes what it did. Positions that groups got on the target stay
    /// there: nothing reads them.
    ///
    /// # Errors
    /// The switch is behind it, or something cannot be undone; the same call goes on from there.
    pub(crate) fn abandon(&mut self) -> Result<()> {
        match self.cutover.state {
            CutoverState::Open if !self.cutover.released && !self.cutover.is_switched() => {
                self.cutover.state = CutoverState::Abandoning;
                self.save_noting("giving it up before the switch")?;
            }
            CutoverState::Abandoning => {}
            CutoverState::Abandoned => {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "it was given up before the switch already",
                ));
            }
            CutoverState::Open if !self.cutover.is_switched() => {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "the copy has ended already: carry the switch to its end with next, then go back",
                ));
            }
            _ => {
                return Err(AppError::new(
                    ErrorCode::StateForbids,
                    "the switch is behind this cut-over: go back with another one",
                ));
            }
        }
        self.forget_reverse()?;
        if self.cutover.at_rest {
            self.world.resume(&self.cutover.task.clone())?;
            self.cutover.at_rest = false;
            self.save_noting("the copy goes on")?;
        }
        self.lift_own()?;
        if let Some(earlier) = self.cutover.goes_back_on.clone()
            && let Some(mut other) = self.journal.load(&earlier)?
            && other.back.as_deref() == Some(self.cutover.id.as_str())
        {
            other.back = None;
            other.note(
                self.world.now_ms(),
                self.by,
                format!("going back with {} was given up", self.cutover.id),
            );
            self.journal.save(&mut other)?;
        }
        self.cutover.held = None;
        self.cutover.state = CutoverState::Abandoned;
        // Noted before they are committed.
        let put = !self.cutover.moves.is_empty();
        self.save_noting(if put {
            "given up; the positions that groups got on the target stay there, everything else is as it was before"
        } else {
            "given up; everything is as it was before"
        })
    }

    /// Begins the way back behind the switch: another cut-over, over the task in the other direction, which is returned.
    /// `id` is its id if none has begun.
    ///
    /// # Errors
    /// There is nothing to go back on.
    pub(crate) fn go_back(&mut self, id: String, fence: FenceKind, silence_ms: u64) -> Result<Cutover> {
        let standing_in_window =
            self.cutover.state == CutoverState::Open && self.cutover.step == CutoverStep::Window;
        let (true, Some(reverse)) = (standing_in_window, self.cutover.reverse.clone()) else {
            return Err(AppError::new(
                ErrorCode::StateForbids,
                match self.cutover.state {
                    CutoverState::Closed => "the way back was given up when this cut-over was closed",
                    CutoverState::WentBack => "applications have moved back already",
                    _ => "there is nothing to go back on: the switch has not been made",
                },
            ));
        };
        // The id is kept first: however this is interrupted, there is one way back and not two.
        let id = match self.cutover.back.clone() {
            Some(begun) => begun,
            None => {
                self.cutover.back = Some(id.clone());
                self.save_noting(format!("going back with {id}"))?;
                id
            }
        };
        if let Some(begun) = self.journal.load(&id)? {
            return Ok(begun);
        }
        let now = self.world.now_ms();
        let mut through = self.cutover.through.clone();
        through.push(self.cutover.task.clone());
        let mut back = Cutover {
            direction: match self.cutover.direction {
                CutoverDirection::Forward => CutoverDirection::Back,
                CutoverDirection::Back => CutoverDirection::Forward,
            },
            through,
            goes_back_on: Some(self.cutover.id.clone()),
            groups: self.cutover.groups.clone(),
            topics: turned(&self.cutover.topics),
            fence,
            silence_ms,
            follow: self.cutover.follow,
            ..Cutover::at_beginning(id, reverse.id, reverse.name, now)
        };
        back.note(
            now,
            self.by,
            format!("planned as the way back of {}", self.cutover.id),
        );
        self.journal.save(&mut back)?;
        Ok(back)
    }
}
