// The arguments of a device request, derived from its words by rules: labels for sentences that carry only an intent.
// Null where the rules are not sure. It does not decide which tool a sentence wants; the rules live in annotate-*.ts.

import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import { annotateAlarm } from './annotate-alarm.js';
import { annotateCalculation } from './annotate-calculation.js';
import { annotateCalendarChange, annotateEvents } from './annotate-calendar.js';
import { annotateHome } from './annotate-home.js';
import { annotateListChange, annotateShowList } from './annotate-lists.js';
import { annotateAddToPlaylist, annotatePlayMusic } from './annotate-music.js';
import { annotateConversion, annotateDice } from './annotate-numbers.js';
import { annotateCall, annotateMessage, annotateShareLocation } from './annotate-people.js';
import { annotateClockTime, annotateDirections, annotateWeather } from './annotate-places.js';
import { annotateReminder } from './annotate-reminders.js';
import { annotateTimer } from './annotate-timer.js';
import { annotateVolume } from './annotate-volume.js';
import type { Args } from './rules.js';

type Annotator = (text: string, kind: string) => Args | null;

const ANNOTATORS: Readonly<Record<string, Annotator>> = {
  set_alarm: annotateAlarm,
  set_timer: annotateTimer,
  set_reminder: annotateReminder,
  update_calendar: annotateCalendarChange,
  list_events: annotateEvents,
  send_message: annotateMessage,
  make_call: annotateCall,
  play_music: annotatePlayMusic,
  add_to_playlist: annotateAddToPlaylist,
  set_volume: annotateVolume,
  control_home: annotateHome,
  get_weather: annotateWeather,
  get_directions: annotateDirections,
  share_location: annotateShareLocation,
  update_list: annotateListChange,
  show_list: annotateShowList,
  get_time: annotateClockTime,
  calculate: annotateCalculation,
  convert_units: annotateConversion,
  roll_dice: annotateDice,
};

/** What is known of a sentence before its arguments; `text` is normalised (see normalizeText). */
export interface LabelledSentence {
  tool: string;
  kind: string;
  text: string;
}

/** The arguments that were said, in the order of the tool's call; null when the rules are not sure. */
export function annotateArguments({ tool, kind, text }: LabelledSentence): Record<string, string> | null {
  const known = DEVICE_TOOLS[tool];
  if (!known) return null;
  if (known.args.length === 0) return {};
  const found = ANNOTATORS[tool]?.(text, kind);
  if (!found) return null;
  const ordered: Record<string, string> = {};
  for (const name of known.args) {
    const value = found[name];
    if (value !== undefined) ordered[name] = value;
  }
  return ordered;
}
