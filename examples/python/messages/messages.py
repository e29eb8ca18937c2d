"""Messages without a server: enum, repeated, map, oneof, optional, bytes, JSON and Chinese text: messages.py"""
import library_pb2 as pb
from google.protobuf import json_format


def main() -> None:
    book = pb.Book(title="红楼梦", genre=pb.NOVEL, authors=["曹雪芹"], copies={"北京": 3})
    book.authors.append("高鹗")
    book.copies["上海"] = 2
    book.shelf.floor = 2  # chooses the member of the oneof
    book.shelf.row = "甲"

    print(f"{book.title} ({pb.Genre.Name(book.genre)}), {'、'.join(book.authors)}")
    print("copies:", ", ".join(f"{branch} {count}" for branch, count in sorted(book.copies.items())))
    print("state:", book.WhichOneof("state"), book.shelf.row)
    book.borrowed_by = "李明"  # the other member: the shelf is gone
    print("state:", book.WhichOneof("state"), book.borrowed_by, book.HasField("shelf"))
    print("a year was set:", book.HasField("year"))
    book.year = 0
    print("a year was set:", book.HasField("year"))
    book.cover = bytes([137, 80, 78, 71])

    # On the wire and back.
    data = book.SerializeToString()
    assert pb.Book.FromString(data) == book
    print(f"{len(data)} bytes")

    # JSON: names in lowerCamelCase, bytes in base 64; Chinese text stays as it is where that is asked for.
    text = json_format.MessageToJson(book, ensure_ascii=False, indent=None, sort_keys=True)
    print(text)
    assert json_format.Parse(text, pb.Book()) == book
    print(json_format.MessageToDict(book, preserving_proto_field_name=True)["borrowed_by"])

    library = pb.Library(name="图书馆", books=[book])
    library.by_number["7"].CopyFrom(book)
    library.books.add(title="诗经", genre=pb.POETRY)
    print([b.title for b in library.books if b.genre == pb.Genre.Value("POETRY")], sorted(library.by_number))

    # What is wrong is said.
    for wrong in (lambda: pb.Book(title=7), lambda: setattr(book, "year", 2**40), lambda: pb.Genre.Value("COMICS")):  # type: ignore[arg-type]
        try:
            wrong()
        except (TypeError, ValueError) as error:
            print(type(error).__name__)


if __name__ == "__main__":
    main()
