//! `[retention]`: how long things are kept.

use super::Builder;
use crate::config::Retention;
use crate::config::file::RetentionSection;

impl Builder<'_> {
    pub(super) fn retention(&mut self, section: &RetentionSection) -> Option<Retention> {
        let default = Retention::default();
        let history = section.history.as_ref();
        let history = self.duration(history, "retention.history", default.history);
        let traces = section.traces.as_ref();
        let traces = self.duration(traces, "retention.traces", default.traces);
        let reports = section.reports.as_ref();
        let reports = self.duration(reports, "retention.reports", default.reports);
        let audit = section.audit.as_ref();
        let audit = self.duration(audit, "retention.audit", default.audit);
        let lost = section.lost_customers.as_ref();
        let lost_customers = match lost.filter(|lost| lost.get_ref() != "off") {
            None => Some(None),
            // A default only stands in for what is not there.
            some => self
                .duration(some, "retention.lost_customers", default.history)
                .map(Some),
        };
        Some(Retention {
            history: history?,
            traces: traces?,
            reports: reports?,
            audit: audit?,
            lost_customers: lost_customers?,
        })
    }
}
