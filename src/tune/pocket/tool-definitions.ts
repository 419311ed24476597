/**
 * The on-device tools as a client sees them: names, descriptions and JSON Schemas of the arguments.
 *
 * They go into the model file, and the model offers them by default. All arguments are strings; the conventions for
 * their values are in models/pocket/README.md.
 */
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly parameters: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, { readonly type: 'string'; readonly description: string }>>;
    readonly required: readonly string[];
    readonly additionalProperties: false;
  };
}

interface ToolText {
  readonly description: string;
  /** Argument descriptions; a name ending in '?' is optional. */
  readonly args: Readonly<Record<string, string>>;
}

const listNames = 'The list: "shopping", "todo", or another list\'s name';

const texts: Readonly<Record<string, ToolText>> = {
  set_alarm: {
    description: 'Set an alarm for a time of day.',
    args: {
      time: 'HH:MM, 24-hour; or the words used, such as "in 20 minutes"',
      'day?': 'The day, as said: "tomorrow", "every weekday"',
      'label?': 'What the alarm is for',
    },
  },
  set_timer: {
    description: 'Start a countdown.',
    args: {
      duration: 'Digits and units, such as "10 minutes" or "1 hour 30 minutes"',
      'label?': 'What the timer is for',
    },
  },
  set_reminder: {
    description: 'Remember something for the person.',
    args: { text: 'What to be reminded of', 'time?': 'When, as said' },
  },
  list_reminders: { description: 'Show the reminders that are set.', args: {} },
  update_calendar: {
    description: 'Add, remove or move a calendar event.',
    args: { title: 'The event', 'time?': 'When, as said', 'op?': 'add, remove or move' },
  },
  list_events: { description: 'Show calendar events.', args: { 'when?': 'The day or span of time, as said' } },
  send_message: {
    description: 'Send a text message.',
    args: { to: 'The recipient', 'body?': 'What the message says' },
  },
  make_call: { description: 'Call somebody.', args: { to: 'Whom to call' } },
  play_music: { description: 'Play music.', args: { query: 'Song, artist, album, genre or playlist' } },
  next_song: { description: 'Skip to the next song.', args: {} },
  identify_song: { description: 'Tell which song is playing.', args: {} },
  add_to_playlist: {
    description: 'Add a song to a playlist.',
    args: { 'song?': 'The song; "this song" for the one playing', 'playlist?': 'Name of the playlist' },
  },
  set_volume: {
    description: 'Change the volume.',
    args: { level: 'A number or percentage as said, or up, down, max, min, mute, unmute' },
  },
  control_home: {
    description: 'Control or query a device in the home.',
    args: {
      device: 'The device, with its room where said',
      action: 'on, off, dim, brighten, open, close, lock, unlock, start, stop, up, down, status, or "set VALUE"',
    },
  },
  get_weather: {
    description: 'Tell the weather or the forecast.',
    args: { 'place?': 'Where; absent: here', 'when?': 'When, as said; absent: now' },
  },
  get_directions: { description: 'Show the way to a place.', args: { to: 'The destination' } },
  get_location: { description: 'Tell where this device is.', args: {} },
  share_location: { description: "Send this device's location to somebody.", args: { to: 'The recipient' } },
  update_list: {
    description: 'Change a list.',
    args: { list: listNames, item: 'The item', 'op?': 'add, remove or clear' },
  },
  show_list: { description: 'Show a list.', args: { list: listNames } },
  get_time: { description: 'Tell the time.', args: { 'place?': 'Where; absent: here' } },
  get_date: { description: 'Tell the date or the day of the week.', args: {} },
  calculate: {
    description: 'Calculate.',
    args: { expression: 'Digits with + - * / ^ % ( ) and sqrt()' },
  },
  convert_units: {
    description: 'Convert between units of measurement.',
    args: { value: 'A number', from: 'Unit to convert from', to: 'Unit to convert to' },
  },
  find_phone: { description: "Make the person's phone ring so that it is found.", args: {} },
  flip_coin: { description: 'Flip a coin.', args: {} },
  roll_dice: { description: 'Roll dice.', args: { 'sides?': 'Sides of the die' } },
};

const toDefinition = (name: string, { description, args }: ToolText): ToolDefinition => {
  const entries = Object.entries(args).map(([key, about]) => ({
    key: key.replace(/\?$/, ''),
    required: !key.endsWith('?'),
    about,
  }));
  return {
    name,
    description,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(
        entries.map(({ key, about }) => [key, { type: 'string' as const, description: about }]),
      ),
      required: entries.filter(({ required }) => required).map(({ key }) => key),
      additionalProperties: false,
    },
  };
};

/** The 27 tools, in the order of `DEVICE_TOOLS`. */
export const toolDefinitions: readonly ToolDefinition[] = Object.keys(DEVICE_TOOLS).map((name) => {
  const text = texts[name];
  if (text === undefined) throw new RangeError(`Tool ${name} has no description.`);
  return toDefinition(name, text);
});
