# What Python's own documentation talks about: words, topics that are alike, and a parrot.
# %%
import random
import re
from collections import Counter, defaultdict
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

random.seed(42)
# %%
texts = {name: text for name, text in sorted(topics.items()) if len(text) > 1500}
print(len(topics), "topics,", len(texts), "of them long")
sum(map(len, texts.values()))
# %%
WORD = re.compile(r"[a-z]{3,}")
STOP = set("the and for that with are this not can from which any have will its may but when has used all also one use".split())
# %%
def words(text):
    return [word for word in WORD.findall(text.lower()) if word not in STOP]


def rare(counter, most=1):
    return [word for word, count in counter.items() if count <= most]
# %%
counts = {name: Counter(words(text)) for name, text in texts.items()}
overall = sum(counts.values(), Counter())
overall.most_common(8)
# %%
lengths = pd.Series({name: sum(c.values()) for name, c in counts.items()}, name="words").sort_values(ascending=False)
lengths.head(6)
# %%
index = defaultdict(set)
for name, counter in counts.items():
    for word in counter:
        index[word].add(name)
print(len(index), "words;", sorted(index["generator"])[:5])
# %%
everywhere = sorted(word for word, names in index.items() if len(names) > 0.8 * len(counts))
for word in everywhere:
    del index[word]
everywhere[:10]
# %%
ranks = np.arange(1, 201)
freq = np.array([count for _, count in overall.most_common(200)])
slope, level = np.polyfit(np.log(ranks), np.log(freq), 1)
plt.loglog(ranks, freq, ".")
plt.loglog(ranks, np.exp(level) * ranks**slope)
plt.title(f"Zipf, slope {slope:.2f}")
plt.show()
# %%
vectorizer = TfidfVectorizer(tokenizer=words, token_pattern=None, min_df=2, max_df=0.6)
matrix = vectorizer.fit_transform(texts.values())
matrix.shape
# %%
names = np.array(list(texts))
svd = TruncatedSVD(n_components=8, random_state=0)
space = svd.fit_transform(matrix)
space /= np.linalg.norm(space, axis=1, keepdims=True)
# %%
def nearest(topic, n=3):
    at = int(np.flatnonzero(names == topic)[0])
    order = np.argsort(-(space @ space[at]))
    return [str(names[i]) for i in order if i != at][:n]


neighbours = {topic: nearest(topic) for topic in ("assignment", "class", "for", "import") if topic in texts}
neighbours
# %%
terms = np.array(vectorizer.get_feature_names_out())
for k, component in enumerate(svd.components_[:3]):
    print(k, *terms[np.argsort(-component)[:6]])
# %%
chain = defaultdict(list)
for text in texts.values():
    tokens = words(text)
    for first, second in zip(tokens, tokens[1:]):
        chain[first].append(second)
len(chain)
# %%
def parrot(start, length=12):
    said = [start]
    while len(said) < length and chain[said[-1]]:
        said.append(random.choice(chain[said[-1]]))
    return " ".join(said)
# %%
sayings = [parrot("function") for _ in range(3)]
print(*sayings, sep="\n")
# %%
sayings.append(parrot("class"))
vocabulary = sorted(set(" ".join(sayings).split()))
len(vocabulary), vocabulary[:5]
# %%
profile = pd.DataFrame({"words": lengths, "different": {n: len(c) for n, c in counts.items()}})
profile["richness"] = profile["different"] / profile["words"]
profile.nlargest(5, "words").round(3)
# %%
print("once only:", len(rare(overall)), "of", len(overall))
