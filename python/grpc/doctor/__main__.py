import sys

from grpc.doctor import main

sys.exit(main())
