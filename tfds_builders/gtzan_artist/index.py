"""What is published about GTZAN's 1000 excerpts: the fault-filtered parts, and who plays.

Kept as code, not as a table beside it: prepared audio is keyed by the hash of the builder's code, so a
changed entry here is never served with old parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")

# Kereliuk, Sturm and Larsen, "Deep Learning and Music Adversaries", IEEE Trans. Multimedia 17(11), 2015: the lists
# `train_filtered`, `valid_filtered` and `test_filtered` that the authors published. Excerpts are numbered through,
# 1 to 1000, genres in alphabetical order: 1 is blues.00000, 1000 is rock.00099.
PARTS: Mapping[str, str] = {
    "train": (
        "30-50 74-98 131-134 144-149 151-168 181-200 220-227 229-230 266-300 306 316-321 323-338 340-346 348 350 "
        "354-355 357-358 360 362 371 374-375 390 403-426 429-430 432-439 442-443 456-462 478-481 501-502 512-525 542 "
        "548-573 603-604 606 622 625 636 647-658 660-667 670 672-673 680-681 685 687 690-700 703-710 712-713 717-721 "
        "724-730 732-737 739-743 745 747 750-751 781 798-803 805 807 810 812-813 815-833 843-846 850-852 855-861 864 "
        "870 901-910 917-927 958-971 992-1000"
    ),
    "validation": (
        "1-12 51-61 101-111 169-177 201-208 210-219 228 242-243 246 250 301 303-305 307-315 347 349 353 368-369 373 "
        "376 391 396 482-499 503-511 526-533 601-602 607-612 617-621 637-638 669 677-678 682-683 711 754 756 759-763 "
        "782 784-787 862-863 871 873 875 877-879 886 893-900 939 950-957 972-986"
    ),
    "test": (
        "13-29 62-73 99-100 112-130 135-142 150 178-180 231-241 244-245 247-249 251-252 254-265 302 322 359 363-367 "
        "370 377-389 392-395 397-398 400-401 427-428 431 441 444-446 452-455 463-476 500 574-600 613-616 623-624 "
        "626-634 639-640 668 671 674-676 679 684 686 688-689 701-702 714-715 744 764-767 770-780 783 789-797 835-841 "
        "847-849 853-854 865-869 872 880 883-885 888-891 911-916 928-938 940-949 987-991"
    ),
}

# Sturm, "An Analysis of the GTZAN Music Genre Dataset", Proc. ACM MIRUM, 2012: the index of artists that comes with it
# (edition of October 2014). For classical music the index names the composer. Spellings of one artist are made equal.
# An excerpt that is not listed here was not identified.
ARTISTS: Mapping[str, str] = {
    "blues": (
        "0-11 John Lee Hooker; 12-28 Robert Johnson; 29-39 Kelly Joe Phelps; 40-49 Stevie Ray Vaughan; "
        "50-60 Magic Slim & The Teardrops; 61-72 Clifton Chenier; 73-84 Buckwheat Zydeco; 85-97 Hot Toddy; "
        "98-99 Albert Collins"
    ),
    "classical": (
        "0-10 JS Bach; 11-29 Mozart; 30-33 Claude Debussy; 34-37 Maurice Ravel; 38-41 Henri Dutilleux; "
        "42,53 Giovanni Gabrieli; 43,45 Richard Strauss; 44,48 George Gershwin; 46 Karol Szymanowski; "
        "47,52,55,57 Leonard Bernstein; 49,77-79 Beethoven; 50 Samuel Barber; 51,80-81 Tchaikovsky; 54 Verdi; "
        "56 Giovanni Rovetta; 58,60 Erik Satie; 63-67 Franz Schubert; 68-76 Franz Joseph Haydn; 82-88 Percy Grainger; "
        "89-99 Vivaldi"
    ),
    "country": (
        "0 Faith Hill; 1 Patty Loveless; 3 Garth Brooks; 4 Suzy Bogguss; 5,45 Shania Twain; 6 John Anderson; "
        "7 Travis Tritt; 8,50-64 Vince Gill; 9 The Clark Family Experience; 10 Don Gibson; 11 Patsy Cline; "
        "12,27 Billy Joe Shaver; 13 Loretta Lynn; 14 Nina Martinique; 15,49 George Jones; 16,41 Johnny Cash; "
        "17 Floyd Cramer; 18 Billie Jo Spears; 19,26,65-80 Willie Nelson; 20 Ray Peterson; 21 Burt Bacharach; "
        "22 Karl Denver; 23 Kenny Rogers; 24 Hank Williams; 25 Emmylou Harris; 28 Jerry Lee Lewis; "
        "29 Johnny Rodriguez; 32 Sonny Throckmorton; 33 The Kendalls; 34 Merle Haggard; 35 The Statler Brothers; "
        "36 Johnny Paycheck; 37 Larry Boone; 39 Wayne Toups & Zydecajun; 40 Kentucky Headhunters; "
        "42 Normaltown Flyers; 43 Sammy Kershaw; 44 Wesley Dennis; 46 Jimmie Skinner; 48 Johnny Preston; "
        "81-93 Brad Paisley; 94-99 George Strait"
    ),
    "disco": (
        "0 Boz Scaggs; 1,21,38,78 Gloria Gaynor; 2 Archie Bell and The Drells; 3 Don Armando; 4,48 Carl Douglas; "
        "5 Odyssey; 6 Alec R. Costandinos; 7 Miquel Brown; 8 Ashford & Simpson; 9 Osibisa; 10 Cheryl Lynn; "
        "11 Billy Ocean; 12 Carl Carlton; 13,46,95 Donna Summer; 14 Bee Gees; 15,41 Heatwave; "
        "16,56,59 Earth Wind and Fire; 17,24,44-45 Ottawan; 19 New York City; 20 Clarence Carter; "
        "22,28,30,35,37 The Gibson Brothers; 23,26 Latoya Jackson; 25,29,34 Evelyn Thomas; 27 The Sugarhill Gang; "
        "31 The Three Degrees; 32 David Christie; 33 The Tymes; 39 George McCrae; 42 Disco Tex & The Sex-O-Lettes; "
        "43 Harold Melvin & The Blue Notes; 47 Barbra Streisand and Donna Summer; "
        "49-51,70-71,73-74 KC and The Sunshine Band; 52,75,90 Village People; 53 Amii Stewart; 54 Chic; "
        "55,60,89 The Trammps; 61 Anita Ward; 62,79 Peter Brown; 63,98-99 Boney M.; 64 Lipps, Inc.; "
        "66,69 Peaches and Herb; 67-68,72 ABBA; 76 Love and Kisses; 77 Tavares; 82 GQ; 83 Rick Dees; "
        "85 Tom Tom Club; 86 Alicia Bridges; 87 The Supremes; 88 Meco; 91 Silver Convention; 92 Blondie; "
        "93 Van McCoy; 94 Bronski Beat; 96 Shirley & Company"
    ),
    "hiphop": (
        "0 Afrika Bambaataa; 1,7,41-42 Wu-Tang Clan; 2,4,32 De La Soul; 3,5-6 Ice Cube; 8-25,36 Beastie Boys; 26 3LW; "
        "27 The Ambassador; 28 Dirt; 29 Aaliyah; 31 Pink; 33 Dr Dre; 34 Nice & Smooth; 35 Allen Iverson; "
        "37 Lil Bow Wow; 38 2Pac; 39-40,45 Lauryn Hill; 43-44 Wyclef Jean; 46-51,62-75 A Tribe Called Quest; "
        "55-61 Cypress Hill; 76,78 50 Cent; 77 Busta Rhymes; 79-80 Eminem; 81-98 Public Enemy; 99 RUN-DMC"
    ),
    "jazz": (
        "0-1 Leonard Bernstein; 2-10 James Carter; 11-24 Joe Lovano; 25-32 Branford Marsalis Trio; "
        "33-46,51,53,55,57-58,60,62,65,67-72 Coleman Hawkins; 73-77 Dexter Gordon; 83,86 Tony Williams; "
        "87-92 Miles Davis; 94-99 Joe Henderson"
    ),
    "metal": (
        "0 Falconer; 1 Gamma Ray; 2,5,34,92-94 Iron Maiden; 3 Anthrax; 4,12-15 Dark Tranquillity; 7 Coroner; 21 Creed; "
        "22,85 Ozzy Osbourne; 24 Jacobs Dream; 25,30 Megadeth; 28,31 Motorhead; 29 Living Colour; 32 Scorpions; "
        "33,38-39,73,75,78,83,87 Metallica; 36 Slayer; 40-45,61-66 Dio; 46-57 New Bomb Turks; 58-60 Queen; "
        "67,70 AC/DC; 68,77 Judas Priest; 69,84,90-91 Black Sabbath; 71,79-80 Def Leppard; 72 Deep Purple; "
        "74 Johnny Crass; 81-82 Guns N' Roses; 86 Bon Jovi; 88 Danzig; 95-99 Rage Against the Machine"
    ),
    "pop": (
        "0,87-96 Mandy Moore; 1 Spice Girls; 2,97-99 Mariah Carey; 3-9 Alanis Morissette; 11,39-40,42 Celine Dion; "
        "12 Aretha Franklin, Celine Dion, Mariah Carey, Shania Twain & Gloria Estefan; 13 Babyface; "
        "15-38 Britney Spears; 41 Peabo Bryson & Regina Belle; 43 Cher; 44-51,80 Christina Aguilera; "
        "52-62 Destiny's Child; 63 Diana Ross; 65 Prince; 66 Enrique Iglesias; 67-73 Janet Jackson; "
        "74-78,82 Jennifer Lopez; 79 Kate Bush; 81 Ladysmith Black Mambazo; 84-86 Madonna"
    ),
    "reggae": (
        "0-27,54-60 Bob Marley; 33,42,44,50,63 Burning Spear; 41,49,69 Desmond Dekker; 43 The Ethiopians; "
        "46-48,64-68,71 Dennis Brown; 52 Pras; 61,73-74 Bounty Killer; 70,76-78 Gregory Isaacs; 72 Freddie McGregor; "
        "75,91-92 Peter Tosh; 80-82 Ini Kamoze; 83-84 Jimmy Cliff; 85,94-99 Prince Buster; 86 King Tubby; "
        "87 Lauryn Hill and Bob Marley; 88 Marcia Griffiths; 89 The Now Generation; 93 Peter Tosh and Mick Jagger"
    ),
    "rock": (
        "0-9 Morphine; 10-15 Ani DiFranco; 16-26 Queen; 27 The Beach Boys; 28-31,33,35,37 The Rolling Stones; "
        "32,39-48 Led Zeppelin; 34 David Bowie; 36 Billy Joel; 38 Guns N' Roses; 49-56 Simple Minds; 57-63 Sting; "
        "64-70 Jethro Tull; 71-78 Simply Red; 79-85 Survivor; 86 Rick Springfield; 87 Neil Young; 88 Billy Squier; "
        "89 Bob Seger; 90 The Tokens; 91-99 The Stone Roses"
    ),
}


@cache
def parts() -> dict[str, str]:
    """Part of each excerpt of the lists, by its name (`blues.00012`)."""
    return {
        f"{GENRES[(number - 1) // 100]}.{(number - 1) % 100:05}": part
        for part, runs in PARTS.items()
        for run in runs.split()
        for number in _numbers(run)
    }


@cache
def artists() -> dict[str, str]:
    """Artist of each identified excerpt, by its name."""
    found = {}
    for genre, entries in ARTISTS.items():
        for entry in entries.split("; "):
            runs, _, artist = entry.partition(" ")
            found.update({f"{genre}.{number:05}": artist for run in runs.split(",") for number in _numbers(run)})
    return found


def _numbers(run: str) -> Iterator[int]:
    first, _, last = run.partition("-")
    yield from range(int(first), int(last or first) + 1)
