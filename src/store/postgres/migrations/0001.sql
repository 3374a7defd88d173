-- Every table carries the corp. Columns that people ask for are typed; the whole value lies
-- in `body` as jsonb. Keys sort by bytes.

CREATE TABLE corps (
    corp_id text COLLATE "C" PRIMARY KEY,
    -- Part of the names of its sequences: record_id_1, effect_id_1, …
    number integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- Where the filling from an archive stands. Until it is over, nobody serves with this.
    filling jsonb
);

-- Proof of a claim: no number comes twice.
CREATE SEQUENCE claim_fence;

-- The processes that have the store open. One that has not been seen for some seconds is
-- taken for dead, and its claims end.
CREATE TABLE replicas (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    corp_id text COLLATE "C" NOT NULL,
    host text NOT NULL,
    process integer NOT NULL,
    version text NOT NULL,
    -- Since when it has been seen without a gap, and when it was seen last.
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What came in.
CREATE TABLE inbox (
    corp_id text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    state text NOT NULL,
    -- What is compared is the hash of the conversation: rows of an archive carry no more.
    lane text COLLATE "C" NOT NULL,
    conversation text COLLATE "C",
    -- The hash of what makes a second push recognisable.
    dedupe text COLLATE "C" NOT NULL,
    contact text COLLATE "C",
    channel text NOT NULL,
    app text NOT NULL,
    kind text NOT NULL,
    received_at timestamptz NOT NULL,
    -- By WeCom's clock.
    happened_at timestamptz,
    due_at timestamptz NOT NULL,
    urgent boolean NOT NULL,
    -- The place in its conversation. A redrive gives a new one, at the end.
    seq bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    reason text,
    outcome jsonb,
    -- The rules that fired, and what they led to.
    rules text[],
    effects bigint[],
    -- A callback waits for the answer in this replica: it has the first look.
    preferred_by bigint,
    fence bigint,
    holder bigint,
    claimed_at timestamptz,
    lease_until timestamptz,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, id)
);
CREATE INDEX inbox_due ON inbox (corp_id, urgent, due_at, seq) WHERE state = 'ready';
CREATE INDEX inbox_lane ON inbox (corp_id, lane, urgent, seq)
    WHERE state IN ('ready', 'working');
CREATE UNIQUE INDEX inbox_one_at_a_time ON inbox (corp_id, lane, urgent)
    WHERE state = 'working';
CREATE INDEX inbox_kept ON inbox (corp_id, state, id) WHERE state = 'dead';
CREATE INDEX inbox_history ON inbox (corp_id, lane, received_at);
CREATE INDEX inbox_received ON inbox (corp_id, received_at);

-- What makes a second push of the same thing recognisable.
CREATE TABLE dedupe (
    corp_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    record_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (corp_id, key)
);
CREATE INDEX dedupe_received ON dedupe (corp_id, received_at);

-- What the rules saw.
CREATE TABLE traces (
    corp_id text COLLATE "C" NOT NULL,
    record_id bigint NOT NULL,
    received_at timestamptz NOT NULL,
    trace jsonb NOT NULL,
    PRIMARY KEY (corp_id, record_id)
);
CREATE INDEX traces_received ON traces (corp_id, received_at);

-- What is to go out.
CREATE TABLE outbox (
    corp_id text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    state text NOT NULL,
    -- The hash of its lane, and that of the conversation whose history it belongs to if that
    -- is not its lane.
    lane text COLLATE "C" NOT NULL,
    history text COLLATE "C",
    conversation text COLLATE "C",
    record_id bigint,
    kind text NOT NULL,
    app text,
    target text,
    rule text NOT NULL,
    -- The step of an SOP whose message it carries: a row of sop_rows.
    sop text COLLATE "C",
    sop_run_at timestamptz,
    sop_contact text COLLATE "C",
    sop_step integer,
    decided_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    deadline timestamptz,
    urgent boolean NOT NULL,
    seq bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    first_attempt_at timestamptz,
    interrupted boolean NOT NULL DEFAULT false,
    unclear boolean NOT NULL DEFAULT false,
    -- It waits for a limit, not after a try that failed.
    snoozed boolean NOT NULL DEFAULT false,
    reason text,
    -- Word of a failure that came before the sender's own.
    failed_word text,
    preferred_by bigint,
    fence bigint,
    holder bigint,
    claimed_at timestamptz,
    lease_until timestamptz,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, id)
);
CREATE INDEX outbox_due ON outbox (corp_id, urgent, due_at, seq) WHERE state = 'ready';
CREATE INDEX outbox_lane ON outbox (corp_id, lane, urgent, seq)
    WHERE state IN ('ready', 'working');
CREATE UNIQUE INDEX outbox_one_at_a_time ON outbox (corp_id, lane, urgent)
    WHERE state = 'working';
CREATE INDEX outbox_kept ON outbox (corp_id, state, id)
    WHERE state IN ('failed', 'unknown', 'dropped');
CREATE INDEX outbox_history ON outbox (corp_id, COALESCE(history, lane), decided_at);
CREATE INDEX outbox_decided ON outbox (corp_id, decided_at);

CREATE TABLE kf_cursors (
    corp_id text COLLATE "C" NOT NULL,
    open_kfid text COLLATE "C" NOT NULL,
    cursor text,
    PRIMARY KEY (corp_id, open_kfid)
);

CREATE TABLE kf_pushes (
    corp_id text COLLATE "C" NOT NULL,
    open_kfid text COLLATE "C" NOT NULL,
    app text NOT NULL,
    token text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (corp_id, open_kfid)
);

-- Customers, members and customer groups: `ext:…`, `mem:…`, `grp:…`.
CREATE TABLE contacts (
    corp_id text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    name text,
    added_at timestamptz,
    last_inbound_at timestamptz,
    synced_at timestamptz,
    lost_at timestamptz,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, contact)
);

CREATE TABLE timers (
    corp_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    due_at timestamptz NOT NULL,
    contact text COLLATE "C",
    conversation text COLLATE "C" NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, key)
);
CREATE INDEX timers_due ON timers (corp_id, due_at, key);

-- Uses of WeCom's limits that may still count.
CREATE TABLE quotas (
    corp_id text COLLATE "C" NOT NULL,
    window_ms bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    used timestamptz[] NOT NULL DEFAULT '{}',
    -- The last of them stops counting.
    over_at timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (corp_id, window_ms, key)
);
CREATE INDEX quotas_over ON quotas (corp_id, over_at);

-- How often rules with a daily limit have fired.
CREATE TABLE rule_uses (
    corp_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    rule text COLLATE "C" NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (corp_id, day, rule)
);

-- Small values by name.
CREATE TABLE facts (
    corp_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value jsonb NOT NULL,
    PRIMARY KEY (corp_id, name)
);

-- What became of each step of each SOP for each target.
CREATE TABLE sop_rows (
    corp_id text COLLATE "C" NOT NULL,
    sop text COLLATE "C" NOT NULL,
    run_at timestamptz NOT NULL,
    contact text COLLATE "C" NOT NULL,
    step integer NOT NULL,
    name text,
    version text NOT NULL,
    planned_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL,
    outcome text NOT NULL,
    why text,
    delivery text NOT NULL,
    delivery_why text,
    delivery_at timestamptz,
    broadcast text,
    PRIMARY KEY (corp_id, sop, run_at, contact, step)
);
CREATE INDEX sop_rows_age ON sop_rows (corp_id, GREATEST(decided_at, delivery_at));

CREATE TABLE broadcasts (
    corp_id text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    revision bigint NOT NULL,
    state text NOT NULL,
    why text,
    sender text,
    rule text NOT NULL,
    opened_at timestamptz NOT NULL,
    due_at timestamptz,
    effect_id bigint,
    task text,
    gather_key text COLLATE "C" NOT NULL,
    -- The one that takes who is to hear the same.
    gathers boolean NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, id)
);
CREATE UNIQUE INDEX broadcasts_gather ON broadcasts (corp_id, gather_key) WHERE gathers;
CREATE INDEX broadcasts_due ON broadcasts (corp_id, due_at, id) WHERE due_at IS NOT NULL;

CREATE TABLE broadcast_targets (
    corp_id text COLLATE "C" NOT NULL,
    broadcast_id bigint NOT NULL,
    contact text COLLATE "C" NOT NULL,
    delivery text NOT NULL,
    why text,
    told_at timestamptz NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, broadcast_id, contact)
);

-- Mass messages that each customer or group has had or is to have.
CREATE TABLE mass_received (
    corp_id text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    -- Nothing of it counts any more.
    over_at timestamptz NOT NULL DEFAULT '-infinity',
    body jsonb NOT NULL,
    PRIMARY KEY (corp_id, contact)
);
CREATE INDEX mass_received_over ON mass_received (corp_id, over_at);

-- What operators did.
CREATE TABLE audit (
    corp_id text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    at timestamptz NOT NULL,
    who text NOT NULL,
    what text NOT NULL,
    result text NOT NULL,
    PRIMARY KEY (corp_id, id)
);

-- Work that one replica does for all.
CREATE TABLE turns (
    corp_id text COLLATE "C" NOT NULL,
    job text COLLATE "C" NOT NULL,
    holder bigint NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (corp_id, job)
);

-- For reading: business tools need no more than these.

CREATE VIEW report_contacts AS
SELECT corp_id, contact, name, added_at, last_inbound_at, lost_at,
       body->>'source' AS source,
       ARRAY(SELECT jsonb_object_keys(COALESCE(body->'tags', '{}'::jsonb)) ORDER BY 1) AS tags
FROM contacts;

CREATE VIEW report_contact_tags AS
SELECT c.corp_id, c.contact, c.name, t.key AS tag, t.value->>'rule' AS rule,
       to_timestamp((t.value->>'at')::bigint / 1000.0) AS set_at
FROM contacts c CROSS JOIN LATERAL jsonb_each(COALESCE(c.body->'tags', '{}'::jsonb)) t;

CREATE VIEW report_messages AS
SELECT corp_id, id, contact, conversation, channel, app, kind, received_at, state, rules,
       body->'inbound'->'trigger'->'message'->>'text' AS text, reason
FROM inbox;

CREATE VIEW report_messages_per_day AS
SELECT corp_id, received_at::date AS day, channel, kind,
       count(*) AS messages, count(DISTINCT contact) AS contacts
FROM inbox GROUP BY 1, 2, 3, 4;

CREATE VIEW report_rules_per_day AS
SELECT i.corp_id, i.received_at::date AS day, r.rule,
       count(*) AS fired, count(DISTINCT i.contact) AS contacts
FROM inbox i CROSS JOIN LATERAL unnest(i.rules) AS r (rule) GROUP BY 1, 2, 3;

CREATE VIEW report_effects_per_day AS
SELECT corp_id, decided_at::date AS day, kind, rule, state, count(*) AS effects
FROM outbox GROUP BY 1, 2, 3, 4, 5;

CREATE VIEW report_sop_steps AS
SELECT corp_id, sop, version, step, name, outcome, delivery, count(*) AS targets,
       min(planned_at) AS first_planned_at, max(planned_at) AS last_planned_at
FROM sop_rows GROUP BY 1, 2, 3, 4, 5, 6, 7;

CREATE VIEW report_broadcasts AS
SELECT b.corp_id, b.id, b.state, b.why, b.rule, b.sender, b.opened_at, b.task,
       count(t.contact) AS targets,
       count(*) FILTER (WHERE t.delivery = 'delivered') AS delivered,
       count(*) FILTER (WHERE t.delivery IN ('planned', 'created', 'confirmed', 'unknown'))
           AS open
FROM broadcasts b
LEFT JOIN broadcast_targets t ON t.corp_id = b.corp_id AND t.broadcast_id = b.id
GROUP BY b.corp_id, b.id;
