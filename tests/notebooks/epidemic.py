# An epidemic in a small town, person by person, kept in a database; and what masks would do.
# %%
import random
import sqlite3
from dataclasses import dataclass, field
from enum import Enum

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

random.seed(1)
np.random.seed(1)
# %%
PEOPLE = 150
DAYS = 40
MEETINGS = 6
# %%
class State(Enum):
    WELL = "well"
    ILL = "ill"
    IMMUNE = "immune"


@dataclass
class Person:
    number: int
    home: "Home"
    state: State = State.WELL
    since: int = 0
    met: list = field(default_factory=list)


@dataclass
class Home:
    street: str
    people: list = field(default_factory=list)
# %%
homes = [Home(street) for street in ("Hill", "Mill", "Lake", "Oak") for _ in range(15)]
town = []
for number in range(PEOPLE):
    home = random.choice(homes)
    person = Person(number, home)
    home.people.append(person)
    town.append(person)
print(len(town), "people in", sum(bool(home.people) for home in homes), "homes")
# %%
db = sqlite3.connect("town.db")
# %%
db.execute("drop table if exists days")
db.execute("create table days (scenario text, day int, well int, ill int, immune int)")
db.commit()
# %%
def count(people):
    return {state: sum(p.state is state for p in people) for state in State}


def step(people, day, risk):
    """One day: everybody who is ill meets some others, and those at home."""
    for person in [p for p in people if p.state is State.ILL]:
        for other in [*random.sample(people, MEETINGS), *person.home.people]:
            if other.state is State.WELL and random.random() < risk:
                other.state, other.since = State.ILL, day
                other.met.append(person.number)
        if day - person.since > 7:
            person.state = State.IMMUNE
# %%
for person in random.sample(town, 3):
    person.state = State.ILL
patient_zero = next(p for p in town if p.state is State.ILL)
patient_zero.home.street
# %%
log = []
for day in range(DAYS):
    step(town, day, risk=0.06)
    now = count(town)
    log.append((day, now[State.WELL], now[State.ILL], now[State.IMMUNE]))
log[-1]
# %%
def keep(scenario, rows):
    """Writes a scenario's days; done twice, it is there once."""
    with db:
        db.execute("delete from days where scenario = ?", [scenario])
        db.executemany(f"insert into days values ('{scenario}', ?, ?, ?, ?)", rows)


keep("free", log)
# %%
free = pd.read_sql("select day, well, ill, immune from days where scenario = 'free'", db, index_col="day")
free.plot.area(figsize=(5, 2.5))
plt.show()
# %%
peak = int(free["ill"].idxmax())
print(f"at most {free['ill'].max()} ill at once, on day {peak}")
# %%
chains = pd.Series([source for person in town for source in person.met]).value_counts()
spreaders = chains[chains >= 4]
spreaders.describe().round(2)
# %%
by_street = pd.DataFrame([(p.home.street, p.state.value) for p in town], columns=["street", "state"])
pd.crosstab(by_street["street"], by_street["state"])
# %%
for person in town:
    person.state, person.since = State.WELL, 0
    person.met.clear()
town[0].state = town[1].state = State.ILL
# %%
masked = []
for day in range(DAYS):
    step(town, day, risk=0.03)
    now = count(town)
    masked.append((day, now[State.WELL], now[State.ILL], now[State.IMMUNE]))
keep("masks", masked)
# %%
both = pd.read_sql("select scenario, day, ill from days", db).pivot(index="day", columns="scenario", values="ill")
both.plot()
plt.show()
both.max()
# %%
def sir(beta, gamma=1 / 8, n=PEOPLE, days=DAYS):
    s, i, r = n - 3.0, 3.0, 0.0
    for _ in range(days):
        new, well = beta * s * i / n, gamma * i
        s, i, r = s - new, i + new - well, r + well
        yield i


betas = np.linspace(0.2, 0.8, 25)
misfit = [float(np.sum((np.fromiter(sir(b), float) - both["free"]) ** 2)) for b in betas]
beta = float(betas[int(np.argmin(misfit))])
round(beta, 3)
# %%
shaken = both["free"] + np.random.normal(0, 2, len(both))
print("smoothed peak", round(float(shaken.rolling(5, center=True).mean().max()), 1), "of", both["free"].max())
# %%
rows = db.execute("select scenario, count(*), max(ill) from days group by scenario order by scenario").fetchall()
for row in rows:
    print(*row)
