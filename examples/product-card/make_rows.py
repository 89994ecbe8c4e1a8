#!/usr/bin/env python3
"""Writes rows.csv: recipient i of the retail users joined with product i mod 101 of the shop.

Usage: make_rows.py DATA_FOLDER > rows.csv

DATA_FOLDER holds retail-users/recipients.csv (aws-samples/retail-demo-store, MIT-0) and
eshop/products.csv (dotnet/eShop, MIT).
"""

import csv
import sys
from pathlib import Path


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    data = Path(sys.argv[1])
    recipients = read(data / "retail-users" / "recipients.csv")
    products = read(data / "eshop" / "products.csv")
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["id", "first_name", "product_id", "brand", "name", "price", "image"])
    for index, recipient in enumerate(recipients):
        product = products[index % len(products)]
        rows.writerow(
            [
                recipient["id"],
                recipient["first_name"],
                product["id"],
                product["brand"],
                product["name"],
                product["price"],
                f"images/{product['id']}.webp",
            ]
        )


if __name__ == "__main__":
    main()
