// A made-up history of one user: messages of English and Korean words, with the search documents that chat-service makes.

/** Words that stand in one message of 20,000. */
export const RARE = { latin: 'zyzzyva', korean: '뷁쀍' };
const EVERY_RARE = 20_000;
const BATCH = 4_000;

const WORDS = (
  'the and in of for with that this model answer question token stream engine server request message hundred nothing ' +
  'language because between another through system context history window memory number letter reason moment summer ' +
  '사람 시간 문제 생각 대답 질문 모델 토큰 서버 요청 대화 기억 아침 저녁 오늘 내일 하늘 바다 나무 이름 소리 마음 회의 자료 일정 ' +
  '점심 커피 음악 영화 여행 가족 친구 학교 회사 도시 시장 날씨 바람 겨울 여름'
).split(' ');

/** Fills the database for `ownerId`. @returns the id of the conversation that has `opened` messages. */
export async function fillHistory(client, built, ownerId, size, say) {
  const { fold } = built('apps/chat-service/src/conversations/folding.js');
  const { partOf, termsOf } = built('apps/chat-service/src/conversations/search-terms.js');
  const random = generator(7);
  const each = Math.floor(size.messages / size.conversations);
  await client.query('DROP INDEX chat.search_documents_terms');
  await client.query('SET synchronous_commit = off');
  await client.query('SET session_replication_role = replica'); // no foreign keys are checked: all of it is ours
  await client.query(
    `INSERT INTO chat.conversations (id, owner_id, place, title, title_folded, title_source)
     SELECT ${uuid('2', 'n')}, $1, n * $2::bigint, 'Title ' || n, 'title ' || n, 'user' FROM generate_series(1, $3::int) AS n`,
    [ownerId, each, size.conversations],
  );
  for (let first = 1; first <= size.messages; first += BATCH) {
    const texts = [];
    const terms = [];
    for (let n = first; n < Math.min(first + BATCH, size.messages + 1); n++) {
      const text = message(random, n);
      texts.push(text);
      terms.push(`{${(await termsOf(ownerId, partOf(n), fold(text))).join(',')}}`);
    }
    await client.query(INSERT, [ownerId, first - 1, each, texts, terms]);
    if ((first - 1) % (BATCH * 50) === 0) say(`${first - 1} of ${size.messages} messages`);
  }
  const opened = await openedConversation(client, ownerId, size, random);
  await client.query('INSERT INTO chat.owners (owner_id, last_place) VALUES ($1, $2)', [
    ownerId,
    size.messages + size.opened,
  ]);
  say('index');
  await client.query("SET maintenance_work_mem = '1GB'");
  await client.query(
    'CREATE INDEX search_documents_terms ON chat.search_documents USING gin (terms) WITH (fastupdate = off)',
  );
  await client.query('VACUUM ANALYZE');
  return opened;
}

const uuid = (kind, n) => `('00000000-0000-4000-8000-${kind}' || lpad(to_hex(${n}), 11, '0'))::uuid`;

const INSERT = `
  WITH fresh AS (
    SELECT $2::bigint + n AS place, text, terms::integer[],
      ($2::bigint + n - 1) / $3::bigint + 1 AS conversation, (($2::bigint + n - 1) % $3::bigint)::int AS depth
    FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS t (text, terms, n)
  ), kept AS (
    INSERT INTO chat.messages (id, conversation_id, owner_id, place, parent_id, depth, role, content, searchable, outcome)
    SELECT ${uuid('1', 'place')}, ${uuid('2', 'conversation')}, $1, place,
      CASE WHEN depth > 0 THEN ${uuid('1', 'place - 1')} END, depth,
      CASE WHEN depth % 2 = 0 THEN 'user' ELSE 'assistant' END, text, true,
      CASE WHEN depth % 2 = 1 THEN 'completed' END
    FROM fresh
  )
  INSERT INTO chat.search_documents (message_id, conversation_id, owner_id, place, folded, terms)
  SELECT ${uuid('1', 'place')}, ${uuid('2', 'conversation')}, $1, place, text, terms FROM fresh`;

/** One more conversation, of questions and longer answers, to be opened. */
async function openedConversation(client, ownerId, { messages, opened }, random) {
  const id = '00000000-0000-4000-8000-300000000000';
  const texts = Array.from({ length: opened }, (_, at) => message(random, 0).repeat(at % 2 === 0 ? 1 : 4));
  await client.query(`INSERT INTO chat.conversations (id, owner_id, place, title_source) VALUES ($1, $2, $3, 'none')`, [
    id,
    ownerId,
    messages + opened,
  ]);
  await client.query(
    `INSERT INTO chat.messages (id, conversation_id, owner_id, place, parent_id, depth, role, content, searchable, outcome)
     SELECT ${uuid('4', 'n')}, $1, $2, $3::bigint + n, CASE WHEN n > 1 THEN ${uuid('4', 'n - 1')} END, n - 1,
       CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, text, true, CASE WHEN n % 2 = 0 THEN 'completed' END
     FROM unnest($4::text[]) WITH ORDINALITY AS t (text, n)`,
    [id, ownerId, messages, texts],
  );
  return id;
}

/** 40 to 160 characters; every fifth has a common word of its own. */
function message(random, n) {
  const length = 40 + Math.floor(random() * 120);
  let text = n % 5 === 0 ? '구름 ' : '';
  while (text.length < length) text += `${WORDS[Math.floor(random() * WORDS.length)]} `;
  if (n % EVERY_RARE === 1) text += `${RARE.latin} ${RARE.korean}`;
  return text.trim();
}

/** mulberry32: the same history every time. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
