//! Service windows: the hours in which a transport may be used, on the clock of a time zone.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan as _};

use crate::Timestamp;

/// Hours of certain days, in a time zone. BizTalk: service window, which knew no zone but the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceWindow {
    from: Time,
    to: Time,
    days: [bool; 7],
    zone: TimeZone,
}

/// A window that makes no sense.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WindowError {
    /// Not a time of day.
    #[error("{0:?} is not a time of day: write for example 22:00")]
    Time(String),
    /// Not a day of the week.
    #[error("{0:?} is not a day: write mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// No such zone.
    #[error("{0:?} is not a time zone: write for example Europe/Berlin or UTC")]
    Zone(String),
    /// Begins when it ends.
    #[error("the window never opens: it begins and ends at {0}; leave it out if it is always open")]
    Empty(String),
    /// No day at all.
    #[error("the window never opens: it names no day; leave `days` out for all of them")]
    NoDay,
}

/// Whether a window is open, and until when it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowState {
    /// Messages may go until then.
    Open {
        /// When it closes; it may open again at the same moment.
        until: Timestamp,
    },
    /// Messages wait until then.
    Closed {
        /// When it opens.
        until: Timestamp,
    },
}

impl ServiceWindow {
    /// Reads a window: times of day such as `22:00`, English names of days (all when there are none
    /// given: `None`), a zone of the IANA database. A window that ends before it begins ends on the day
    /// after; `24:00` is the end of the day.
    pub fn parse(
        from: &str,
        to: &str,
        days: Option<&[String]>,
        zone: &str,
    ) -> Result<Self, WindowError> {
        let begins = time(from)?;
        // The end of a day is the beginning of the next one.
        let ends = if to == "24:00" {
            Time::midnight()
        } else {
            time(to)?
        };
        if begins == ends && to != "24:00" {
            return Err(WindowError::Empty(from.to_owned()));
        }
        let mut open = [days.is_none(); 7];
        for name in days.unwrap_or_default() {
            open[usize::from(day(name)?.to_monday_zero_offset().unsigned_abs())] = true;
        }
        if !open.contains(&true) {
            return Err(WindowError::NoDay);
        }
        Ok(Self {
            from: begins,
            to: ends,
            days: open,
            zone: TimeZone::get(zone).map_err(|_| WindowError::Zone(zone.to_owned()))?,
        })
    }

    /// Where it stands at a moment.
    pub fn at(&self, now: Timestamp) -> WindowState {
        let Ok(instant) = Instant::from_millisecond(now.0) else {
            // Beyond the year 9999: no calendar, no window.
            return WindowState::Open {
                until: Timestamp(i64::MAX),
            };
        };
        let today = instant.to_zoned(self.zone.clone()).date();
        let mut opens = Timestamp(i64::MAX);
        // A window of yesterday may last until now; the next one opens within a week from today.
        for offset in -1..=8_i64 {
            let Some((from, to)) = self.on(today, offset) else {
                continue;
            };
            if from <= now && now < to {
                return WindowState::Open { until: to };
            }
            if from > now {
                opens = opens.min(from);
            }
        }
        WindowState::Closed { until: opens }
    }

    /// The window that begins on a day, if one does.
    fn on(&self, today: Date, offset: i64) -> Option<(Timestamp, Timestamp)> {
        let date = today.checked_add(offset.days()).ok()?;
        let place = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        if !self.days[place] {
            return None;
        }
        let last = if self.to <= self.from {
            date.tomorrow().ok()?
        } else {
            date
        };
        let from = self.moment(date, self.from)?;
        let to = self.moment(last, self.to)?;
        // In the night when clocks are put forward both may be the same moment.
        (from < to).then_some((from, to))
    }

    fn moment(&self, date: Date, time: Time) -> Option<Timestamp> {
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

fn time(text: &str) -> Result<Time, WindowError> {
    Time::strptime("%H:%M", text).map_err(|_| WindowError::Time(text.to_owned()))
}

fn day(name: &str) -> Result<Weekday, WindowError> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "mon" => Weekday::Monday,
        "tue" => Weekday::Tuesday,
        "wed" => Weekday::Wednesday,
        "thu" => Weekday::Thursday,
        "fri" => Weekday::Friday,
        "sat" => Weekday::Saturday,
        "sun" => Weekday::Sunday,
        _ => return Err(WindowError::Day(name.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Timestamp {
        Timestamp(text.parse::<Instant>().expect("a time").as_millisecond())
    }

    fn window(from: &str, to: &str, days: Option<&[&str]>, zone: &str) -> ServiceWindow {
        let days: Option<Vec<String>> = days.map(|d| d.iter().map(|d| (*d).to_owned()).collect());
        ServiceWindow::parse(from, to, days.as_deref(), zone).expect("a window")
    }

    fn check(window: &ServiceWindow, cases: &[(&str, bool, &str)]) {
        for (now, open, until) in cases {
            let until = moment(until);
            let expected = match open {
                true => WindowState::Open { until },
                false => WindowState::Closed { until },
            };
            assert_eq!(window.at(moment(now)), expected, "{now}");
        }
    }

    #[test]
    fn hours_of_a_day() {
        check(
            &window("08:00", "18:00", None, "UTC"),
            &[
                ("2026-03-02T07:59:59Z", false, "2026-03-02T08:00:00Z"),
                ("2026-03-02T08:00:00Z", true, "2026-03-02T18:00:00Z"),
                ("2026-03-02T18:00:00Z", false, "2026-03-03T08:00:00Z"),
            ],
        );
    }

    #[test]
    fn over_midnight_on_workdays() {
        // 6 March 2026 is a Friday.
        check(
            &window(
                "22:00",
                "06:00",
                Some(&["mon", "tue", "wed", "thu", "Fri"]),
                "UTC",
            ),
            &[
                ("2026-03-06T23:00:00Z", true, "2026-03-07T06:00:00Z"),
                ("2026-03-07T05:00:00Z", true, "2026-03-07T06:00:00Z"),
                ("2026-03-07T23:00:00Z", false, "2026-03-09T22:00:00Z"),
            ],
        );
    }

    #[test]
    fn the_clock_is_the_zones_also_when_it_changes() {
        // Clocks go forward in Berlin on 29 March 2026: 08:00 is 07:00 UTC before, 06:00 UTC after.
        check(
            &window("08:00", "24:00", None, "Europe/Berlin"),
            &[
                ("2026-03-28T23:30:00Z", false, "2026-03-29T06:00:00Z"),
                ("2026-03-28T07:00:00Z", true, "2026-03-28T23:00:00Z"),
            ],
        );
        check(
            // An hour that does not exist that night opens nothing.
            &window("02:00", "03:00", None, "Europe/Berlin"),
            &[("2026-03-28T23:30:00Z", false, "2026-03-30T00:00:00Z")],
        );
    }

    #[test]
    fn what_never_opens_is_refused() {
        let parse =
            |from, to, days: Option<&[String]>, zone| ServiceWindow::parse(from, to, days, zone);
        assert_eq!(
            parse("08:00", "08:00", None, "UTC"),
            Err(WindowError::Empty("08:00".into()))
        );
        assert_eq!(
            parse("08:00", "09:00", Some(&[]), "UTC"),
            Err(WindowError::NoDay)
        );
        assert_eq!(
            parse("8", "09:00", None, "UTC"),
            Err(WindowError::Time("8".into()))
        );
        let days = ["lundi".to_owned()];
        assert_eq!(
            parse("08:00", "09:00", Some(&days), "UTC"),
            Err(WindowError::Day("lundi".into()))
        );
        assert_eq!(
            parse("08:00", "09:00", None, "Mars"),
            Err(WindowError::Zone("Mars".into()))
        );
        assert!(parse("00:00", "24:00", None, "UTC").is_ok());
    }
}
