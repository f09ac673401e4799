"""The fold (durnb/fold.py), said again in SQL for whoever opens a run with DuckDB. A test holds the two together.

``at``, ``started`` and ``ended`` are UTC; ``ran`` and ``save`` are seconds, ``size`` and ``bytes`` are bytes.

Keep to plain SQL: a file keeps a view as DuckDB's parse tree, and 2.0 read ``lag(seq, 1, 0)`` of a view that 1.5 had made as ``lag(seq)``.
"""

from __future__ import annotations

from typing import Final

# A detail that DuckDB can't parse (a lone surrogate in a message) must not make the whole view fail.
FACTS: Final = """
create view facts as
select seq, epoch, "at", kind, step, execution, attempt, case when json_valid(detail) then detail else '{}' end as detail
from events
"""

# The name that a step of an event bears today: renames are followed forwards (none is onto a step that is there: order.py).
NAMED: Final = """
create view named as
with recursive renames as (
    select seq, json_extract_string(detail, '$.old') as old, json_extract_string(detail, '$.new') as new
    from facts where kind = 'step_renamed'
), numbered as (
    select *, coalesce(lag(seq) over (partition by old order by seq), 0) as since from renames
), chase as (
    select seq as event, seq, step as name from facts where step is not null and kind <> 'step_renamed'
    union all
    select c.event, r.seq, r.new from chase c join numbered r on r.old = c.name and c.seq >= r.since and c.seq < r.seq
)
select event as seq, arg_max(name, seq) as step from chase group by event
"""

ATTEMPTS: Final = """
create view attempts as
with started as (
    select n.step, f.execution, f.attempt, f.epoch, f.seq, f."at",
        coalesce(lead(f.seq) over (partition by n.step order by f.seq), 9223372036854775807) as until
    from facts f join named n using (seq) where f.kind = 'step_started'
), ended as (
    select n.step, f.seq, f.kind, f."at", f.detail
    from facts f join named n using (seq) where f.kind in ('step_succeeded', 'step_failed')
), both_ends as (
    select s.*, e.kind as kind, e."at" as ended, e.detail as detail
    from started s asof left join ended e on e.step = s.step and s.seq < e.seq
    where e.seq is null or e.seq < s.until
    union all
    select s.*, null, null, null
    from started s asof join ended e on e.step = s.step and s.seq < e.seq where e.seq >= s.until
), attached as (select seq from facts where kind = 'kernel_attached')
select b.step, b.execution, b.attempt, b.epoch,
    case
        when b.kind = 'step_succeeded' then 'succeeded'
        when b.kind = 'step_failed' then json_extract_string(b.detail, '$.how')
        when exists (select 1 from attached a where a.seq > b.seq) then 'crashed'
        else 'running'
    end as status,
    b."at" as started, b.ended,
    try_cast(json_extract_string(b.detail, '$.ran') as double) as ran,
    json_extract_string(b.detail, '$.error.type') as error,
    json_extract_string(b.detail, '$.error.message') as message,
    try_cast(json_extract_string(b.detail, '$.retry_in') as double) as retry_in,
    b.seq as seq
from both_ends b
"""

CHECKPOINTS: Final = """
create view checkpoints as
with made as (
    select f.seq as checkpoint, n.step, f.execution, f."at", f.detail
    from facts f join named n using (seq) where f.kind = 'step_succeeded'
), started as (
    select n.step, f.execution, arg_min(json_extract_string(f.detail, '$.fingerprint'), f.seq) as fingerprint
    from facts f join named n using (seq) where f.kind = 'step_started' group by n.step, f.execution
), later as (
    select f.seq, f.kind, n.step, cast(json_extract_string(f.detail, '$.checkpoint') as bigint) as checkpoint, f.detail
    from facts f join named n using (seq) where f.kind in ('step_reused', 'checkpoint_saved')
), saved as (
    select step, checkpoint, arg_max(detail, seq) as detail from later where kind = 'checkpoint_saved' group by step, checkpoint
), chosen as (
    select step, arg_max(checkpoint, seq) as checkpoint from (
        select step, seq, checkpoint from later where kind = 'step_reused'
        union all select step, checkpoint as seq, checkpoint from made
    ) group by step
)
select m.checkpoint, m.step, m.execution, m."at",
    s.detail is not null or json_extract_string(m.detail, '$.saved') = 'true' as saved,
    c.checkpoint = m.checkpoint as current,
    b.fingerprint,
    cast(json_extract_string(m.detail, '$.ran') as double) as ran,
    cast(json_extract_string(coalesce(s.detail, m.detail), '$.save') as double) as save,
    cast(json_extract_string(coalesce(s.detail, m.detail), '$.size') as bigint) as size
from made m
join started b on b.step = m.step and b.execution = m.execution
join chosen c on c.step = m.step
left join saved s on s.step = m.step and s.checkpoint = m.checkpoint
"""

STEPS: Final = """
create view steps as
with mentioned as (
    select n.step, f.seq, f.kind, f.detail from facts f join named n using (seq)
), said as (
    select step,
        max(seq) filter (kind = 'step_started') as began,
        max(seq) filter (kind in ('step_started', 'step_succeeded', 'step_reused')) as taken_up,
        max(seq) filter (kind = 'step_resolved') as resolved,
        max(seq) filter (kind = 'step_rerun_requested') as asked,
        max(seq) filter (kind in ('step_started', 'step_succeeded', 'step_reused', 'step_rerun_requested')) as acted,
        arg_max(json_extract_string(detail, '$.answer'), seq) filter (kind = 'step_resolved') as answer,
        coalesce(max_by(cast(json_extract_string(detail, '$.generation') as bigint), seq) filter (kind = 'step_started'), 1) as generation
    from mentioned group by step
), asked_since as (
    select m.step, count(*) as times
    from mentioned m join said s using (step) where m.kind = 'step_rerun_requested' and m.seq > coalesce(s.began, 0) group by m.step
), tried as (
    select step, count(distinct execution) as executions, count(*) as attempts, arg_max(status, seq) as status,
        min(started) as started, arg_max_null(ended, seq) as ended
    from attempts group by step
)
select s.step, coalesce(t.status, 'new') as status, coalesce(t.executions, 0) as executions, coalesce(t.attempts, 0) as attempts,
    s.generation + coalesce(a.times, 0) as generation, c.checkpoint,
    case when s.resolved > coalesce(s.acted, 0) then s.answer end as answer,
    coalesce(s.asked > coalesce(s.taken_up, 0), false) as rerun,
    t.started, t.ended, c.ran, c.size
from said s
left join tried t using (step)
left join asked_since a using (step)
left join checkpoints c on c.step = s.step and c.current
"""

STORAGE: Final = """
create view storage as
select 'checkpoints' as what, step, count(*) as items, cast(sum(size) as bigint) as bytes from checkpoints group by step
union all
select 'small values', null, count(*), cast(coalesce(sum(octet_length(data)), 0) as bigint) from blobs
union all
select 'events', null, count(*), cast(coalesce(sum(octet_length(encode(detail))), 0) as bigint) from events
"""

VIEWS: Final = (FACTS, NAMED, ATTEMPTS, CHECKPOINTS, STEPS, STORAGE)

# Since schema 3: what happens inside a step. The generation of a fact is that of the step's last start before it.
_INSIDE: Final = """
with inside as (
    select n.step, f.seq, f.kind, f."at", e.call, f.detail
    from facts f join named n using (seq) join events e using (seq)
    where f.kind in ('call_started', 'call_succeeded', 'call_failed', 'call_resolved', 'wait_started') and e.call <> ''
), started as (
    select n.step, f.seq, cast(json_extract_string(f.detail, '$.generation') as bigint) as generation
    from facts f join named n using (seq) where f.kind = 'step_started'
), placed as (
    select i.*, s.generation from inside i asof join started s on s.step = i.step and i.seq > s.seq
)
"""

CALLS: Final = f"""
create view calls as {_INSIDE}
select step, generation, arg_max(json_extract_string(detail, '$.label'), seq) as label,
    case arg_max(kind, seq)
        when 'call_started' then 'started'
        when 'call_failed' then case when bool_or(kind = 'call_started') then 'started' else 'failed' end
        else 'succeeded'
    end as status,
    arg_max("at", seq) as "at",
    try_cast(arg_max(json_extract_string(detail, '$.ran'), seq) as double) as ran,
    arg_max_null(case when kind in ('call_succeeded', 'call_resolved') then json_extract_string(detail, '$.value') end, seq) as value,
    arg_max_null(case when kind = 'call_failed' then json_extract_string(detail, '$.error.type') end, seq) as error,
    arg_max_null(case when kind = 'call_failed' then json_extract_string(detail, '$.error.message') end, seq) as message,
    count(*) filter (kind in ('call_succeeded', 'call_failed')) as tries,
    call
from placed
where kind <> 'wait_started' and (kind <> 'call_resolved' or json_extract_string(detail, '$.answer') = 'done')
group by step, generation, call
"""

TIMERS: Final = f"""
create view timers as {_INSIDE}
select w.step, w.generation, try_cast(json_extract_string(w.detail, '$.until') as timestamptz) as until, w."at" as started, min(c."at") as ended, w.call
from placed w left join placed c on c.step = w.step and c.generation = w.generation and c.call = w.call and c.kind = 'call_succeeded'
where w.kind = 'wait_started' and json_extract_string(w.detail, '$.what') = 'sleep'
group by w.step, w.generation, w.detail, w."at", w.call
"""

SIGNALS: Final = """
create view signals as
with taken as (
    select n.step, f."at", json_extract_string(f.detail, '$.signal') as id
    from facts f join named n using (seq) where f.kind in ('call_succeeded', 'call_failed') and json_extract_string(f.detail, '$.signal') <> ''
)
select json_extract_string(f.detail, '$.name') as name, json_extract_string(f.detail, '$.value') as value, f."at" as received,
    t."at" as taken, t.step as step, json_extract_string(f.detail, '$.request') as id
from facts f left join taken t on t.id = json_extract_string(f.detail, '$.request')
where f.kind = 'signal_received'
"""

VIEWS_INSIDE: Final = (CALLS, TIMERS, SIGNALS)
# Since schema 2: a checkpoint whose bytes retention let go of is none any more. A released view's text never changes, so this one adds to it.
CHECKPOINTS_KEPT: Final = f"""
{CHECKPOINTS.strip().replace("create view", "create or replace view")}
where m.checkpoint not in (
    select unnest(cast(json_extract(detail, '$.checkpoints') as bigint[])) from facts where kind = 'checkpoints_dropped'
)
"""
