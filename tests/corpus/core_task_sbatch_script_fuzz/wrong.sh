#! /bin/sh
##SBATCH -n 1
#SBATCH --bogus --mem- -y --wait=1 'open
#SBATCH : --begin=now -d afterok:1 --hold
#SBATCH --mem=1G --mem-per-cpu=2G --array=3-1 -t 1h --exclusive user
