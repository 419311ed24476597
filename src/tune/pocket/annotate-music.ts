// Arguments of play_music (query) and add_to_playlist (song, playlist) by rules over the whole sentence. A title is
// whatever stands where a title stands; only its edges are judged.

import { type Args, applyRules, defined, type Rule, whole } from './rules.js';
import { stripCourtesyAndNow } from './strip-courtesy.js';

const PLAY =
  '(?:play|put on|start(?: up)?(?: playing)?|commence(?: playing)?|begin playing|turn on|resume(?: playing)?|listen to|hear|queue(?: up)?|pull up|blast|crank up|shuffle|stream|use|do|find|look up|spin|let me hear|listen|get|have|throw on|fire up|cue(?: up)?|jam to|continue(?: with)?|keep playing|give)';
const MUSIC_RULES: Rule[] = [
  [whole("what does (?<query>.+?)(?:'s)?(?: music)? sound like"), ({ query = '' }) => ({ query })],
  [whole("(?:can |could |may )?(?<query>.+?)(?:'s|') music be played"), ({ query = '' }) => ({ query })],
  [whole('turn the radio on for (?<query>.+)'), asked],
  [whole(`(?:put|turn|switch) (?<query>(?!on ).+?) on`), asked],
  [whole(`find (?<query>music by .+?) to (?:put on|play)`), asked],
  [whole(`(?:do you have|have you got|is there|got) (?:any |some )?(?<query>.+)`), asked],
  [whole(`(?:is it (?:okay|ok) to |let me )?${PLAY}(?: me| us)? (?<query>.+)`), asked],
  [
    whole(
      `(?:i (?:want|need|'d like|would like) )?(?<query>(?!(?:${PLAY}|put|turn|may|could) )(?:some )?(?:[a-z]+ )*(?:music|playlist|tunes|songs))`,
    ),
    asked,
  ],
];

const SERVICE =
  '(?:spotify|apple music|youtube(?: music)?|pandora|amazon(?: music)?|deezer|soundcloud|tidal|itunes|google (?:play|music)|last fm|napster|iheartradio|qobuz|bandcamp|plex|sonos|netflix|my (?:phone|computer|library|ipod|ipad))';
const SPEAKER =
  '(?:(?:the|my|our) )?(?:[a-z]+ )?(?:speakers?|stereo|tv|headphones|soundbar|echo(?: dot)?|homepod|radio|sound system|hifi|earbuds|jukebox|record player)|(?:shuffle|repeat|loop|random)';
const ROOM =
  '(?:in|on) (?:the |my )?(?:living room|bedroom|kitchen|bathroom|garage|office|den|basement|lounge|patio|backyard|car|shower|[a-z]+ room)';
/** What is said beside the music itself: where it comes from, where it sounds, what for. */
const ASIDE = new RegExp(
  ` (?:(?:on|in|from|using|with|via|through|over|off) (?:${SERVICE}|${SPEAKER})|${ROOM}|while (?:i|we) .+|in here|for (?:me to listen to|us|a bit|a while|the (?:party|kids|guests|drive)|everyone|my guests)|next|again|loudly|out loud|quietly|softly|first|in the background|(?:one more|another) time|tonight|today|please|upstairs|downstairs|everywhere|from the (?:beginning|start|top)|only)$`,
);

/** Arguments of play_music. */
export function annotatePlayMusic(text: string): Args | null {
  let said = text.replace(/[,;]? (?:and )?(?:play|put) it(?: on)?(?: for me| please)?$/, '');
  if (/"|;|, (?:play|put|i want)|\b(?:guitar|piano|alexa|sounds? (?:of|like))\b/.test(said.replace(/ sound like$/, '')))
    return null;
  for (let before = ''; before !== said; ) {
    before = said;
    said = stripCourtesyAndNow(said)
      .replace(ASIDE, '')
      .replace(/[,;]? (?:and )?(?:go ahead and )?(?:play|put|start) it(?: on)?$/, '');
  }
  return applyRules(said, MUSIC_RULES);
}

const SONG = '(?:song|track|tune|single)';
const NAMED = "(?: that is| that's)?,? (?:called|named|titled|entitled)";
/** Asked for music, but for nothing in particular. */
const ANYTHING =
  /^(?:(?:some|the|my|a|any|more|me|random|good|nice|that|little|of|bit) )*(?:music|songs?|tunes?|something|anything|track|jams?)$/;
/** Ways to name one thing, each with the words that are the query. */
const NAMES: [pattern: RegExp, write: (name: string) => string][] = [
  [new RegExp(`^(?:the |that |a |this )?(?:one|${SONG})${NAMED} (?<name>.+)$`), (name) => name],
  [new RegExp(`^(?:the |my |a )?playlist${NAMED} (?<name>.+)$`), (name) => `${name} playlist`],
  [
    new RegExp(
      `^(?:the |that |a )?${SONG} (?:that|which) (?:goes|go)(?: something)?(?: like)?(?: this:?)? (?<name>.+)$`,
    ),
    (name) => name,
  ],
  [
    /^(?:(?:some|the|any|a few|a|more) )?(?:music|songs?|tunes?|tracks?|records?|something|anything|stuff) (?:by|similar to) (?:the artist )?(?<name>.+)$/,
    (name) => name,
  ],
  [
    /^(?:something|music|songs|a song|tracks|some music|some songs) from (?:my |the )?(?<name>.+ (?:playlist|mix))$/,
    (name) => name,
  ],
  [/^(?:the |my )?playlist (?<name>[a-z0-9 ]+)$/, (name) => `${name} playlist`],

  [
    /^(?:the |that )?(?:song|track) (?<name>(?!(?:that|by|from|with|like|about|of|and|for|on|in|again|which|where|go|called|to|i|off|at|when)\b).+)$/,
    (name) => name,
  ],
];

/** Where the query ends, or whether it is one, cannot be told by rule. */
const UNSURE: RegExp[] = [
  // Not a name but a description: "something chill", "another song", "that one from last night".
  /^(?:(?:some|the|any|a|that) )?(?:something|anything|music|songs?|tunes?|tracks?) (?!for|to|by)\w/,
  /^(?:(?:a )?little|(?:a )?bit of|lots of|nothing|only|(?:my )?favou?rite|the (?:tune|single|song|track|one|artist)) /,
  /^(?:one|any|another|open|search|from|similar)\b|^that .+ song$| (?:i like|i'd like|i love|i want)$/,
  /^(?:the |a |my )?(?:playlist|album|artist|band|station) (?:of|for|that|with)\b|^the (?:number|list) (?:called|named|titled)\b/,
  /\b(?:station|radio|channel)$|' music$/,
  // Words of another request, or of the rest of this one.
  /^(?:hit|fill|i|you|pls|start|resume|find|time|playback|switch)\b|\b(?:started|and turn|start it|and make|playing|going)\b/,
  // Where it is to sound or come from, or what for, in words that the asides do not know.
  /\b(?:using|via|through|library|app)\b| (?:on|from|off|with) (?:my|the) \w+$/,
  /^(?!music|songs?|something|tunes|playlist|some (?:music|songs)).+ for (?!you\b)/,
];

function asked(groups: Args): Args | null {
  const said = (groups.query ?? '')
    .replace(/^(?:me|us|playing) /, '')
    .replace(/^(?:up|to|on) /, '')
    .replace(/^any (?=\w+ music$)/, '');
  if (ANYTHING.test(said)) return {};
  if (
    /^(?:it|and|for|the radio|turn|put|play|start|what|how|why)\b|\bradio\b.* for\b|\b(?:it for me|and then|until|minutes|volume)\b|^music (?!for |to |from |by )/.test(
      said,
    )
  )
    return null;
  for (const [pattern, write] of NAMES) {
    const name = pattern.exec(said)?.groups?.name;
    if (name !== undefined) return { query: write(name) };
  }
  if (UNSURE.some((pattern) => pattern.test(said))) return null;
  // "the" belongs to many a name: "the beatles"; not to "the rock playlist".
  const ofKind = /\b(?:playlist|music|songs?|album|mix|station|soundtrack|tunes|hits)$/.test(said);
  const query = said
    .replace(/^(?:some|a|an|my|our|that|any|more|a little|a bit of|a few) (?=\S)/, '')
    .replace(ofKind ? /^the (?=\S)/ : /^$/, '')
    .replace(/ (?:please|for me)$/, '');
  return query === '' || /^(?:it|this|that|on|up|the|me|play|one|a|next|listen|(?:the )?playlists?|mine)$/.test(query)
    ? null
    : { query };
}

const CURRENT =
  "(?:it|this|that|(?:this|that|(?:the )?(?:current|present)) (?:song|track|tune|one|music|jam|piece|banger)|the currently playing (?:song|track)|(?:the|this) (?:song|track|tune|one|music)(?: that's| that is| that i'm| that i am| i'm| i am)?(?: currently)? (?:playing|on|listening to|hearing)|what(?:ever)?(?:'s| is| i'm| i am| you're)(?: currently)? (?:playing|on|listening to|hearing))(?: right now| now| currently| at the moment)?";
const INTO = '(?:to|in|into|on|onto|in to|on to|as part of|with)';
const ADD =
  '(?:add(?: on)?|put|include|insert|append|place|save|list|get|throw|stick|drop|toss|transfer|move|adding|file|pop|slip|have|favorite|connect|queue|attach)';
const PLAYLIST =
  '(?:(?:the end of |the top of )?(?:my |the |our |a |his |her )?(?<playlist>[a-z0-9#\'& -]+? )?playlist(?: of (?<genre>[a-z ]+)| "?(?:called |named )?(?<named>[a-z ]+)"?)?|my (?<quoted>".+") playlist|(?:my |the )?"(?<quote2>[^"]+)" playlist|my playlist "(?<quote3>[^"]+)"?|"(?<quote4>[^"]+)" playlist)';

const PLAYLIST_RULES: Rule[] = [
  [
    whole(
      `${ADD} (?:(?:a|another|some|any|more) )?(?:(?:new|random|different|good) )?(?:song|track|tune|music|something|anything)s? ${INTO} ${PLAYLIST}`,
    ),
    (groups) => onto({ ...groups, song: '' }),
  ],
  [
    whole(`please add ${INTO} ${PLAYLIST}|${ADD} ${INTO} "(?<quote5>[^"]+)" playlist`),
    (groups) => onto({ ...groups, playlist: groups.quote5 ?? groups.playlist ?? '', song: '' }),
  ],
  [whole(`(?:${ADD}|make|want) (?<song>.+?) (?:part of|put on|put in|added to|put onto) ${PLAYLIST}`), onto],
  [whole(`append (?:my|the) (?<playlist>[a-z ]+ )?playlist with (?<song>.+)`), onto],
  [whole(`${ADD} ${INTO} (?:my|the) (?<playlist>[a-z ]+ )?playlist[,:]? (?:the song )?(?<song>.+)`), onto],
  [
    whole(
      `(?:i (?:want|need|'d like|would like|wish)(?: to have)? )?(?<song>.+?) (?:needs to be |should be |to be |will be |must be |be )?(?:added|put|placed|included) ${INTO} ${PLAYLIST}`,
    ),
    onto,
  ],
  [whole(`(?:${ADD} )(?<song>.+) ${INTO} ${PLAYLIST}`), onto],
  [whole(`(?<song>the song that's on|this song|this),? ${ADD} it ${INTO} ${PLAYLIST}`), onto],
  [whole(`(?<song>.+ by .+) (?:to|on) ${PLAYLIST}`), onto],
];

/** Arguments of add_to_playlist. */
export function annotateAddToPlaylist(text: string): Args | null {
  return applyRules(stripCourtesyAndNow(text), PLAYLIST_RULES);
}

const UNSURE_SONG: RegExp[] = [
  // Nothing in particular, or something that is no song yet: "another song", "the new single".
  /^(?:the )?(?:to|on|in|a|some|the|next song|song|track|tune|playing)$/,
  /^(?:another|more|one more|all|an?|the (?:song|track|single|entire|artist|band|new|latest|current|album)|artist|some|something|my|that) |^this (?!song\b)/,
  // Words of the request, or of the playlist, that ended up in the song.
  /^(?:put|add|to|wanna|can|could|please|mind|make|we|maybe|see that|find|may|have|toss|get|copy|save) /,
  /^(?:you (?:to|can|could|should)|i (?:want|need|would|really|have to|must)|i'd (?:like|love)|i'm) /,
  /"|\b(?:what|playlist|listening|will be|whatever)\b|\b(?:to|on|in|into|onto) my\b| on the .+ to \w+$/,
  / (?:is|gets|belongs|go|it)$| (?:to|on|in|into|to my)$/,
];
const UNSURE_PLAYLIST =
  /^(?:my|the|that|this|which|a|called|named|today|tonight|man)$|\b(?:for|to|by|on|called|named|entitled|titled|please|that|my|in|beginning|start)\b/;

function onto(groups: Args): Args | null {
  const saidSong = (groups.song ?? '').replace(/^to /, '').trim();
  const song = new RegExp(`^${CURRENT}$`).test(saidSong)
    ? 'this song'
    : saidSong
        .replace(/^(?:the )?(?:song|track|tune) (?:called |named |titled )?(?!that\b|by\b|on\b)/, '')
        .replace(/^(?:(?:a|some) )?(?:songs?|something|music|tracks?|tunes?) by /, '');
  const said =
    groups.genre ??
    groups.named ??
    groups.quoted ??
    groups.quote2 ??
    groups.quote3 ??
    groups.quote4 ??
    groups.playlist ??
    '';
  const playlist = said
    .replaceAll('"', '')
    .trim()
    .replace(/^(?:my|the|our|a|an) /, '')
    .replace(/^(?:new|existing|current)$/, '');
  if (UNSURE_SONG.some((pattern) => pattern.test(song)) || UNSURE_PLAYLIST.test(playlist)) return null;
  return defined({ song, playlist });
}
