// What the rules derive, tool by tool, and where they must refuse: a wrong label would be learned, a missing one only masked.
import { describe, expect, it } from 'vitest';
import { DEVICE_TOOLS } from '../taxonomy/device-tools.js';
import { annotateArguments } from './annotate-arguments.js';

type Case = [text: string, args: Record<string, string> | null];

const CASES: Record<string, Case[]> = {
  set_alarm: [
    ['get me up at half past five on thursday', { time: '05:30', day: 'thursday' }],
    ['alexa set an alarm for 7:45 tonight for the lasagna', { time: '19:45', label: 'lasagna' }],
    ['could you wake me in 25 minutes', { time: 'in 25 minutes' }],
    ['set an alarm for quarter to eight tomorrow morning', { time: '07:45', day: 'tomorrow morning' }],
    ['every weekday i need an alarm at 6:10', { time: '06:10', day: 'every weekday' }],
    ['new alarm at midnight called moon walk', { time: '00:00', label: 'moon walk' }],
    ['put an alarm on', null],
    ['set one alarm at 6 and another at 7', null],
    ['set an alarm for when the kettle boils', null],
  ],
  set_timer: [
    ['start an hour and a half timer', { duration: '1 hour 30 minutes' }],
    ['ninety second timer for the plank', { duration: '90 seconds', label: 'plank' }],
    ['timer for rice, twelve minutes', { duration: '12 minutes', label: 'rice' }],
    ['beep me in three quarters of an hour', { duration: '45 minutes' }],
    ['would you start a timer', {}],
    ['set a timer for half past two', null],
  ],
  set_reminder: [
    ['remind me on tuesday at noon to water the ferns', { text: 'water the ferns', time: 'tuesday at noon' }],
    ['remind me to phone the plumber when i get home', { text: 'phone the plumber', time: 'when i get home' }],
    ['set a reminder for the 4th to renew my passport', { text: 'renew my passport', time: 'the 4th' }],
    ["don't let me forget to feed gizmo", { text: 'feed gizmo' }],
    ['add a reminder for tonight', { time: 'tonight' }],
    ['make a reminder', {}],
    ['remind me to buy a cake for friday', null],
    ["remind me that today's game is off", null],
  ],
  update_calendar: [
    [
      'put pottery class on my calendar for june 9th at 7 pm',
      { title: 'pottery class', time: 'june 9th at 7 pm', op: 'add' },
    ],
    ['take the budget review off my schedule', { title: 'budget review', op: 'remove' }],
    ['move my eye exam to next monday', { title: 'eye exam', time: 'next monday', op: 'move' }],
    ['wipe my calendar for sunday', { time: 'sunday', op: 'remove' }],
    ["cancel friday's choir practice", { title: 'choir practice', time: 'friday', op: 'remove' }],
    ['add the recital to my calendar and remove the rehearsal', null],
    ['keep the afternoon free of anything loud', null],
  ],
  list_events: [
    ["what's on my agenda for the 23rd of may", { when: 'the 23rd of may' }],
    ["read me tomorrow's appointments", { when: 'tomorrow' }],
    ['anything planned next saturday evening', { when: 'next saturday evening' }],
    ['open my calendar', {}],
    ['do i have a dentist appointment before the wedding', null],
    ['what is on for monday and for thursday of next week at 5 pm or at 8 pm', null],
  ],
  send_message: [
    ['text grandpa joe and let him know the boat is fixed', { to: 'grandpa joe', body: 'the boat is fixed' }],
    ['send a message to my landlord saying the sink leaks again', { to: 'landlord', body: 'the sink leaks again' }],
    ['message priya are we still on for sushi', { to: 'priya', body: 'are we still on for sushi' }],
    ['shoot omar a text that i found his keys', { to: 'omar', body: 'i found his keys' }],
    ['write a text to aunt carol', { to: 'aunt carol' }],
    ['compose a message', {}],
    ['text lena the plumber came by', null],
    ['text dan to say call me please', null],
  ],
  make_call: [
    ['could you ring my sister for me', { to: 'sister' }],
    ['put me through to the front desk', { to: 'front desk' }],
    ["dial oscar's mobile", { to: 'oscar' }],
    ['give professor lang a buzz', { to: 'professor lang' }],
    ['make a call', {}],
    ['call ana and tell her dinner is ready', null],
  ],
  play_music: [
    ['put on some bossa nova', { query: 'bossa nova' }],
    ['play paper moons by the tin whistles', { query: 'paper moons by the tin whistles' }],
    ['play the song called winter harbour', { query: 'winter harbour' }],
    ['shuffle my gardening playlist', { query: 'gardening playlist' }],
    ['i wanna hear songs by the tin whistles', { query: 'the tin whistles' }],
    ['throw on some music please', {}],
    ['play sea shanties on the kitchen speaker', { query: 'sea shanties' }],
    ['play something cheerful', null],
    ['play it', null],
  ],
  add_to_playlist: [
    ['stick this tune on my bike ride playlist', { song: 'this song', playlist: 'bike ride' }],
    [
      'add road to the isles by the tin whistles to my folk playlist',
      { song: 'road to the isles by the tin whistles', playlist: 'folk' },
    ],
    ["put what's playing into my playlist", { song: 'this song' }],
    ['add a song to my sleepy playlist', { playlist: 'sleepy' }],
    ['add another one to my sleepy playlist', null],
  ],
  set_volume: [
    ['turn the music down a bit', { level: 'down' }],
    ['set the volume to sixty percent', { level: '60%' }],
    ['volume seven please', { level: '7' }],
    ['crank the sound to the max', { level: 'max' }],
    ['unmute the tv', { level: 'unmute' }],
    ['i can barely hear this', { level: 'up' }],
    ['turn the volume up by 3', null],
    ['turn it up and then down again', null],
  ],
  control_home: [
    ['switch the porch light off', { device: 'porch light', action: 'off' }],
    ['turn the heat on in the attic', { device: 'heat in the attic', action: 'on' }],
    ['set the thermostat to sixty eight degrees', { device: 'thermostat', action: 'set 68 degrees' }],
    ['make the desk lamp green', { device: 'desk lamp', action: 'set green' }],
    ['is the back gate locked', { device: 'back gate', action: 'status' }],
    ['turn up the hallway lights a little', { device: 'hallway lights', action: 'brighten' }],
    ['open the skylight', { device: 'skylight', action: 'open' }],
    ['fire up the dishwasher at noon', null],
    ['turn off the fan and the radio', null],
  ],
  get_weather: [
    ['will it hail in port moresby on friday', { place: 'port moresby', when: 'friday' }],
    ['forecast for the scilly isles this weekend', { place: 'scilly isles', when: 'this weekend' }],
    ['do i need an umbrella', {}],
    ["what's tomorrow's low", { when: 'tomorrow' }],
    ['is it nice weather for kite flying', null],
    ['was it warm in oslo last week', null],
  ],
  get_directions: [
    ['take me to the maritime museum', { to: 'maritime museum' }],
    ['how do i get to 12 quay street by bike', { to: '12 quay street' }],
    ["where's the closest bakery", { to: 'closest bakery' }],
    ['navigate to my dentist', { to: 'dentist' }],
    ['how far is it from the station to the harbour', null],
  ],
  share_location: [
    ['let grandma know where i am', { to: 'grandma' }],
    ['send my coordinates to the rescue team', { to: 'rescue team' }],
    ['share my location with everyone until noon', null],
  ],
  update_list: [
    ['jot down oat milk on the grocery list', { list: 'shopping', item: 'oat milk', op: 'add' }],
    ['cross fix the gutter off my to-do list', { list: 'todo', item: 'fix the gutter', op: 'remove' }],
    ['empty my shopping list', { list: 'shopping', op: 'clear' }],
    ['add a tent to my camping list', { list: 'camping', item: 'tent', op: 'add' }],
    ['take figs off my grocery list and add plums', { list: 'shopping', item: 'figs', op: 'remove' }],
    ['replace the figs with plums', null],
  ],
  show_list: [
    ['read out my grocery list', { list: 'shopping' }],
    ['what chores are on my to do list', { list: 'todo' }],
    ["what's in my inbox", null],
  ],
  get_time: [
    ["what's the time in ulan bator", { place: 'ulan bator' }],
    ['what time is it in the atlantic time zone', { place: 'atlantic time zone' }],
    ['got the time', null],
    ['what hour is it', {}],
    ['what time is it in lima when it is noon here', null],
  ],
  calculate: [
    ["what's fourteen times six", { expression: '14 * 6' }],
    ['20 percent off 85', { expression: '85 - 20% * 85' }],
    ['calculate 15% of 240', { expression: '15% * 240' }],
    ['take 9 from 40', { expression: '40 - 9' }],
    ['how much is two thirds of ninety', { expression: '2/3 * 90' }],
    ['five to the fourth power', { expression: '5 ^ 4' }],
    ['what is 12 minus 5%', null],
    ['what is the derivative of x squared', null],
  ],
  convert_units: [
    ['how many ounces are in two and a half pounds', null],
    ['convert seventeen stone to kilos', { value: '17', from: 'stone', to: 'kilos' }],
    ["what's 6 miles in yards", { value: '6', from: 'miles', to: 'yards' }],
    ['how many seconds are in a fortnight', { value: '1', from: 'fortnight', to: 'seconds' }],
    ['how many people are in the room', null],
  ],
  roll_dice: [
    ['roll a d12', { sides: '12' }],
    ['throw a twenty sided die', { sides: '20' }],
    ['roll two dice', {}],
    ['roll a d6 and a d8', null],
  ],
};

const KINDS: Record<string, string> = { show_list: '', update_list: '' };

describe.each(Object.entries(CASES))('%s', (tool, cases) => {
  it.each(cases)('%s', (text, args) => {
    const kind = KINDS[tool] ?? DEVICE_TOOLS[tool]?.kinds[0] ?? '';
    expect(annotateArguments({ tool, kind, text })).toEqual(args);
  });
});

describe('annotateArguments', () => {
  it('gives no arguments to a tool that has none, whatever was said', () => {
    for (const [tool, { args, kinds }] of Object.entries(DEVICE_TOOLS)) {
      if (args.length === 0) expect(annotateArguments({ tool, kind: kinds[0]!, text: 'anything at all' })).toEqual({});
    }
  });

  it('has cases for every tool with arguments', () => {
    const withArguments = Object.entries(DEVICE_TOOLS).filter(([, { args }]) => args.length > 0);
    expect(Object.keys(CASES).sort()).toEqual(withArguments.map(([tool]) => tool).sort());
  });

  it('writes arguments in the order of the call', () => {
    const args = annotateArguments({ tool: 'set_alarm', kind: 'alarm', text: 'on sunday wake me at nine for church' });
    expect(Object.keys(args ?? {})).toEqual(['time', 'day', 'label']);
  });

  it('lets the kind name the list that the sentence does not name', () => {
    const unnamed = { tool: 'update_list', text: 'put scrub the tub on my list' };
    expect(annotateArguments({ ...unnamed, kind: 'todo_list_update' })).toMatchObject({ list: 'todo' });
    expect(annotateArguments({ ...unnamed, kind: 'shopping_list_update' })).toMatchObject({ list: 'shopping' });
    expect(annotateArguments({ ...unnamed, kind: '' })).toBeNull();
  });

  it('refuses a list that is not the one of the kind', () => {
    const text = 'add leeks to my grocery list';
    expect(annotateArguments({ tool: 'update_list', kind: 'todo_list_update', text })).toBeNull();
  });

  it('knows no tool outside of the device', () => {
    expect(annotateArguments({ tool: 'order_pizza', kind: 'pizza', text: 'order a pizza' })).toBeNull();
  });
});
