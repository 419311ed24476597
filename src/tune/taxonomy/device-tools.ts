// The 27 tools of the device and their arguments, as templates may fill them.
// It does not know what a tool does, nor how a call is written for the model.

/** One device tool: its arguments in the order of a call, and the kinds of request that it serves. */
export interface DeviceTool {
  readonly args: readonly string[];
  readonly kinds: readonly string[];
}

/** Tools by name. Kinds carry the names of the CLINC150 intents. */
export const DEVICE_TOOLS: Readonly<Record<string, DeviceTool>> = {
  set_alarm: { args: ['time', 'day', 'label'], kinds: ['alarm'] },
  set_timer: { args: ['duration', 'label'], kinds: ['timer'] },
  set_reminder: { args: ['text', 'time'], kinds: ['reminder_update'] },
  list_reminders: { args: [], kinds: ['reminder'] },
  update_calendar: { args: ['title', 'time', 'op'], kinds: ['calendar_update'] },
  list_events: { args: ['when'], kinds: ['calendar'] },
  send_message: { args: ['to', 'body'], kinds: ['text'] },
  make_call: { args: ['to'], kinds: ['make_call'] },
  play_music: { args: ['query'], kinds: ['play_music'] },
  next_song: { args: [], kinds: ['next_song'] },
  identify_song: { args: [], kinds: ['what_song'] },
  add_to_playlist: { args: ['song', 'playlist'], kinds: ['update_playlist'] },
  set_volume: { args: ['level'], kinds: ['change_volume'] },
  control_home: { args: ['device', 'action'], kinds: ['smart_home'] },
  get_weather: { args: ['place', 'when'], kinds: ['weather'] },
  get_directions: { args: ['to'], kinds: ['directions'] },
  get_location: { args: [], kinds: ['current_location'] },
  share_location: { args: ['to'], kinds: ['share_location'] },
  update_list: { args: ['list', 'item', 'op'], kinds: ['shopping_list_update', 'todo_list_update'] },
  show_list: { args: ['list'], kinds: ['shopping_list', 'todo_list'] },
  get_time: { args: ['place'], kinds: ['time'] },
  get_date: { args: [], kinds: ['date'] },
  calculate: { args: ['expression'], kinds: ['calculator'] },
  convert_units: { args: ['value', 'from', 'to'], kinds: ['measurement_conversion'] },
  find_phone: { args: [], kinds: ['find_phone'] },
  flip_coin: { args: [], kinds: ['flip_coin'] },
  roll_dice: { args: ['sides'], kinds: ['roll_dice'] },
};
