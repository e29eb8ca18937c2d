"""Adds articles to a database: make_articles.py [--db FILE] [COUNT]"""
import argparse
import datetime

from store import Store

CONTENT = "斑尾塍鹬从阿拉斯加一直飞到新西兰，途中不休息。\nThe bar-tailed godwit flies from Alaska to New Zealand without a rest.\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Adds articles to an SQLite file.")
    parser.add_argument("--db", default="articles.db", help="the SQLite file; made if it is not there")
    parser.add_argument("count", type=int, nargs="?", default=20)
    arguments = parser.parse_args()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    Store(arguments.db).add((f"文章 {number}: a long flight", CONTENT * number, now)
                            for number in range(1, arguments.count + 1))
    print(f"{arguments.count} articles added to {arguments.db}")


if __name__ == "__main__":
    main()
