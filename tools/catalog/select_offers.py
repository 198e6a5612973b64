#!/usr/bin/env python3
"""Selects the offers and egress prices that the program carries with it, in our own format.

  tools/catalog/select_offers.py SNAPSHOTS [OUT]

SNAPSHOTS is a folder of price snapshots: offers/{aws,azure,gcp,gpu_clouds,aws_spot_advisor}.csv and egress.csv, with the
columns provider, region, zone, instance_type, accelerator, accelerator_count, accelerator_memory_gib, vcpus, memory_gib,
purchase, price_per_hour_usd, observed_on, source. OUT is data/catalog unless given. The rules of selection are in
data/catalog/README.md; what is written is checked again by the program at every start.
"""
import collections
import csv
import pathlib
import re
import sys

FIELDS = ["provider", "region", "zone", "instance_type", "purchase", "usd_per_hour", "accelerator", "count",
          "accelerator_gib", "vcpus", "memory_gib", "observed_on", "source"]
ACCELERATOR_NAMES = {"Trainium": "Trainium1", "Inferentia": "Inferentia1", "Gaudi": "Gaudi1", "H100NVL": "H100-NVL"}
MAIN_REGIONS = {
    "aws": {"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "eu-north-1", "ap-northeast-1",
            "ap-southeast-1", "ap-south-1"},
    "azure": {"eastus", "eastus2", "westus2", "westus3", "southcentralus", "northeurope", "westeurope",
              "swedencentral", "uksouth", "japaneast", "southeastasia", "centralindia"},
    "gcp": {"us-central1", "us-east1", "us-east4", "us-west1", "europe-west1", "europe-west4", "europe-west3",
            "asia-northeast1", "asia-southeast1", "asia-south1"},
}
AWS_CPU = re.compile(r"^(t3|m5|c5|r5|m6i|c6i|r6i|m7i|c7i|r7i|m7a|c7a|m7g|c7g|r7g|m8g|c8g)\.(large|\d*xlarge)$")
AZURE_CPU = re.compile(r"^Standard_(D(4|8|16|32|64)(s|as|ps)_v5|E(4|8|16|32|64)s_v5|F(4|8|16|32|64)s_v2)$")
GCP_CPU = re.compile(r"^((e2|n2|n2d|c3|n4)-standard-(4|8|16|32|44)|c3-standard-(22|88))$")
ESTIMATE = "estimate: aws spot advisor "
WRONG_MEMORY = {("QuadroRTX6000", "96"), ("B300", "180")}  # an RTX PRO 6000, a B200
OUTDATED = {"libcloud-2023-OLD", "fullstack-2025-OLD"}


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text):
    """Shortest decimal: '4.0500' -> '4.05'."""
    return f"{float(text):.6f}".rstrip("0").rstrip(".") if text else ""


def offer(row):
    count = number(row["accelerator_count"]) if row["accelerator"] else ""
    return {
        "provider": row["provider"],
        "region": row["region"].lower(),
        "zone": row["zone"].lower(),
        "instance_type": re.sub(r"\s+", "_", row["instance_type"].strip()),
        "purchase": row["purchase"],
        "usd_per_hour": number(row["price_per_hour_usd"]),
        "accelerator": ACCELERATOR_NAMES.get(row["accelerator"], row["accelerator"]),
        "count": count,
        "accelerator_gib": number(row["accelerator_memory_gib"]) if row["accelerator"] else "",
        "vcpus": number(row["vcpus"]),
        "memory_gib": number(row["memory_gib"]),
        "observed_on": row["observed_on"],
        "source": row["source"].replace("-OLD", ""),
    }


def usable(row):
    return row["source"] not in OUTDATED and not re.match(r"(gpu-)?sku:", row["instance_type"])


def is_reserved(row):
    return row["purchase"].startswith("reserved")


def aws(folder):
    rows = [row for row in read(folder / "aws.csv") if usable(row) and not row["region"].startswith("us-gov")]
    kept = []
    for row in rows:
        local_zone = row["zone"] and row["purchase"] == "on_demand"
        wanted = row["accelerator"] or AWS_CPU.match(row["instance_type"]) or row["purchase"] == "spot"
        if is_reserved(row) and row["region"] not in MAIN_REGIONS["aws"]:
            continue
        if wanted and not local_zone:
            kept.append(row)
    return kept + aws_spot_estimates(folder, kept)


def aws_spot_estimates(folder, rows):
    """On-demand price times what the spot advisor says remains, where no zone's spot price was seen."""
    measured = {(row["region"], row["instance_type"]) for row in rows if row["purchase"] == "spot"}
    on_demand = {(row["region"], row["instance_type"]): row for row in rows if row["purchase"] == "on_demand"}
    estimates = []
    for advice in read(folder / "aws_spot_advisor.csv"):
        place = (advice["region"], advice["instance_type"])
        saving = float(advice["savings_over_on_demand_pct"])
        if place not in on_demand or place in measured or not 0 < saving < 100:
            continue
        price = float(on_demand[place]["price_per_hour_usd"]) * (1 - saving / 100)
        estimates.append(on_demand[place] | {
            "purchase": "spot", "price_per_hour_usd": f"{price:.4f}", "observed_on": advice["observed_on"],
            "source": ESTIMATE + advice["observed_on"]})
    return estimates


def azure(folder):
    kept = []
    for row in read(folder / "azure.csv"):
        main_cpu = AZURE_CPU.match(row["instance_type"]) and row["region"] in MAIN_REGIONS["azure"]
        if usable(row) and (row["accelerator"] or main_cpu):
            kept.append(row)
    return kept


def gcp(folder):
    kept = []
    for row in read(folder / "gcp.csv"):
        main = row["region"] in MAIN_REGIONS["gcp"]
        if not usable(row) or (is_reserved(row) and not (main and row["accelerator"])):
            continue
        if row["accelerator"] or (main and GCP_CPU.match(row["instance_type"])):
            kept.append(row)
    return kept


def gpu_clouds(folder):
    kept = {}
    for row in read(folder / "gpu_clouds.csv"):
        wrong_name = (row["accelerator"], row["accelerator_memory_gib"]) in WRONG_MEMORY
        odd_count = row["provider"] == "vast" and row["accelerator_count"] not in {"1", "2", "4", "8"}
        if not usable(row) or wrong_name or odd_count:
            continue
        # Lambda's list names every type in every region at one price, whatever the stock: one row, in any region.
        if row["provider"] == "lambda" and row["source"] == "skypilot-catalog":
            row = row | {"region": "any"}
        place = tuple(row[key] for key in ("provider", "region", "zone", "instance_type", "purchase"))
        kept.setdefault(place, row)
    return without_odd_medians(list(kept.values()))


def without_odd_medians(rows):
    """A market's median spot price may come from other hosts than its on-demand one. Where it is the dearer, it goes."""
    def place(row):
        return tuple(row[key] for key in ("provider", "region", "zone", "instance_type"))

    on_demand = {place(row): float(row["price_per_hour_usd"]) for row in rows if row["purchase"] == "on_demand"}
    return [row for row in rows
            if not (row["source"] == "cherielilili-median" and row["purchase"] == "spot"
                    and float(row["price_per_hour_usd"]) > on_demand.get(place(row), float("inf")))]


def write_offers(path, rows):
    rows = [offer(row) for row in rows]
    rows.sort(key=lambda row: (row["provider"], row["accelerator"] == "", row["accelerator"], float(row["count"] or 0),
                               row["instance_type"], row["region"], row["zone"], row["purchase"]))
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write("# Offers of one moment: dated facts with their source. Format: docs/catalogue.md, "
                   "sources and rules: README.md\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


# Egress ---------------------------------------------------------------------------------------------------------------

EGRESS_FIELDS = ["kind", "provider", "from", "to", "above_gb", "usd", "per", "observed_on", "source", "note"]
CONTINENTS = {"North America": "north_america", "Europe": "europe", "South America": "south_america",
              "Asia/Oceania/MEA": "asia|oceania|middle_east|africa", "northamerica": "north_america",
              "southamerica": "south_america", "europe": "europe", "asia": "asia", "oceania": "oceania",
              "africa": "africa", "middle-east": "middle_east", "zone1": "north_america|europe",
              "zone2": "asia|oceania|middle_east|africa", "zone3": "south_america",
              "North America or Europe": "north_america|europe", "North America, Europe": "north_america|europe",
              "Asia Pacific, South America": "asia|oceania|south_america", "Middle East, Africa": "middle_east|africa"}
RECALLED = "vendor page (general knowledge)"


def egress_row(kind, row, origin, target, above=None, note=None):
    source = RECALLED if "general knowledge" in row["source"] else row["source"].split(";")[0].split(":")[0]
    return {"kind": kind, "provider": row["provider"], "from": origin, "to": target,
            "above_gb": number(row["tier_from_gb"] or "0") if above is None else above, "usd": number(row["price"]),
            "per": row["unit"].split("/")[1], "observed_on": row["observed_on"], "source": source,
            "note": row["note"] if note is None else note}


def continent(name):
    return "@" + CONTINENTS[name]


def aws_internet(rows):
    """First tier by region, further tiers where they are known; 100 GB a month are free."""
    tiers = collections.defaultdict(list)
    for row in rows:
        first_tier = [r for r in rows if r["tier_from_gb"] == "0"]
        regions = [row["from"]]
        if row["from"] == "us/eu/ca":
            regions = [r["from"] for r in first_tier if r["price"] == "0.09"]
        for region in regions:
            tiers[region].append(row)
    by_price = collections.defaultdict(list)
    for region, rates in tiers.items():
        rates.sort(key=lambda row: float(row["tier_from_gb"]))
        by_price[tuple((rate["tier_from_gb"], rate["price"], rate["source"]) for rate in rates)].append(
            (region, rates))
    out = []
    for group in by_price.values():
        origin = "|".join(sorted(region for region, _ in group))
        for row in group[0][1]:
            out.append(egress_row("internet", row, origin, "*", "100" if row["tier_from_gb"] == "0" else None, ""))
    return out


def gcp_internet(rows):
    """Grouped by equal prices. A band cheaper than the next is a mistake upstream: the dearer price holds."""
    bands = collections.defaultdict(dict)
    for row in rows:
        bands[(row["to"], row["from"])][float(row["tier_from_gb"])] = row
    groups = collections.defaultdict(list)
    for (target, region), rates in bands.items():
        if target != "internet-china":
            starts = sorted(rates)
            prices = [max(float(rates[later]["price"]) for later in starts if later >= start) for start in starts]
            groups[(target, tuple(zip(starts, prices)))].append((region, rates[starts[0]]))
    out = []
    for (target, steps), members in sorted(groups.items(), key=lambda item: (item[0][0], item[1][0][0])):
        origin = "*" if target != "internet" else "|".join(sorted(region for region, _ in members))
        if target != "internet" and len(members) < 5:
            continue
        for start, price in steps:
            row = members[0][1] | {"price": str(price)}
            out.append(egress_row("internet", row, origin, "*" if target == "internet" else "@oceania",
                                  number(str(start)), "premium tier"))
    return out


def aws_between_regions(rows):
    """The price most targets have is '*', the others are named."""
    out = []
    origins = collections.defaultdict(list)
    for row in rows:
        origins[row["from"]].append(row)
    for origin, targets in sorted(origins.items()):
        usual = collections.Counter(row["price"] for row in targets).most_common(1)[0][0]
        others = collections.defaultdict(list)
        for row in targets:
            if row["price"] != usual:
                others[row["price"]].append(row["to"])
        out.append(egress_row("inter_region", targets[0] | {"price": usual}, origin, "*", note=""))
        for price, names in sorted(others.items()):
            out.append(egress_row("inter_region", targets[0] | {"price": price}, origin, "|".join(sorted(names)),
                                  note=""))
    return out


def giant_egress(rows):
    def pick(kind, provider):
        return [row for row in rows if row["kind"] == kind and row["provider"] == provider]

    out = aws_internet(pick("internet_egress", "aws")) + gcp_internet(pick("internet_egress", "gcp"))
    for row in pick("internet_egress", "azure"):
        if row["to"] == "internet":
            out.append(egress_row("internet", row, continent(row["from"].split(" ")[0]), "*"))
    out += aws_between_regions(pick("inter_region", "aws"))
    for row in pick("inter_region", "azure"):
        same = row["to"] in ("same continent", row["from"])
        out.append(egress_row("inter_region", row, continent(row["from"]), continent(row["from"]) if same else "*",
                              note=""))
    for row in pick("inter_region", "gcp"):
        origin = "*" if row["from"] == "any" else continent(row["from"])
        out.append(egress_row("inter_region", row, origin, continent(row["to"]), note=""))
        if row["from"] not in ("any", row["to"]):  # holds in both directions
            out.append(egress_row("inter_region", row, continent(row["to"]), origin, note=""))
        if row["from"] == "any":
            out.append(egress_row("inter_region", row, continent(row["to"]), "*", note=""))
    for provider in ("aws", "azure", "gcp"):
        row = pick("inter_zone", provider)[0]
        both_ends = provider == "aws"
        price = str(float(row["price"]) * (2 if both_ends else 1))
        out.append(egress_row("inter_zone", row | {"price": price}, "*", "*",
                              note="0.01 at each end" if both_ends else ""))
    return out


def other_egress(rows):
    out = []
    for row in rows:
        if row["provider"] in ("aws", "azure", "gcp") or not row["unit"].startswith("USD"):
            continue
        origin = continent(row["from"]) if row["from"] in CONTINENTS else "*"
        if row["kind"] == "internet_egress":
            out.append(egress_row("internet", row, origin, "*"))
        elif row["kind"] == "inter_zone":
            out.append(egress_row("inter_zone", row, "*", "*", note=""))
    return out


def own_egress():
    def line(kind, provider, usd, source, note):
        return dict(zip(EGRESS_FIELDS, [kind, provider, "*", "*", "0", usd, "GB", "", source, note]))

    return [line("internet", "local", "0", "own machine", "a zone's configuration may set its own price"),
            line("internet", "*", "0.09", "assumption", "no rate known: as dear as the first tier of AWS in the US")]


def write_egress(path, rows):
    kept = own_egress() + giant_egress(rows) + other_egress(rows)
    kept.sort(key=lambda row: (row["kind"], row["provider"], row["from"], row["to"], float(row["above_gb"])))
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write("# What sending bytes costs, paid by the sender. Format: docs/catalogue.md, sources: README.md\n")
        writer = csv.DictWriter(file, EGRESS_FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    return len(kept)


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    out = pathlib.Path(sys.argv[2] if len(sys.argv) == 3 else pathlib.Path(__file__).parents[2] / "data" / "catalog")
    out.mkdir(parents=True, exist_ok=True)
    for name, select in {"aws": aws, "azure": azure, "gcp": gcp, "gpu-clouds": gpu_clouds}.items():
        print(f"offers-{name}.csv", write_offers(out / f"offers-{name}.csv", select(folder / "offers")))
    print("egress.csv", write_egress(out / "egress.csv", read(folder / "egress.csv")))


if __name__ == "__main__":
    main()
